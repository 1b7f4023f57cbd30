# Removes the packages that install.sh has brought, and the record. CHECK=yes tells, and does nothing.
set -eu
export DEBIAN_FRONTEND=noninteractive LC_ALL=C
[ -d /var/lib/gantry/packages ] || [ -e /var/lib/gantry/server.json ] || exit 0
added=$(cat /var/lib/gantry/packages/added 2>/dev/null || true)
echo "removed:" $added
[ "$CHECK" = no ] || exit 0
there=
for package in $added; do
  [ -z "$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null)" ] || there="$there $package"
done
# Unlike apt, dpkg refuses where something that was installed later needs one of them.
[ -z "$there" ] || dpkg --purge $there >/dev/null
if mountpoint -q /var/lib/gantry; then
  find /var/lib/gantry -mindepth 1 -delete
else
  rm -r /var/lib/gantry
fi
