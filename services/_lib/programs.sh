#!/bin/sh
# Installs the servers that the tests start, where one is missing; Debian is kept from starting them.
# More packages come as arguments.
set -eu
exec 9<"$0"
flock 9 # services that are tested at once do not install at once
missing=
installed() { PATH="$PATH:/usr/sbin" command -v "$1" >/dev/null 2>&1; }
ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || installed postgres || missing="$missing postgresql"
installed nats-server || missing="$missing nats-server"
installed redis-server || missing="$missing redis-server"
for package; do
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  echo "tests need$missing: install them (Debian: apt-get install$missing)" >&2
  exit 1
fi
policy=/usr/sbin/policy-rc.d clusters=/etc/postgresql-common/createcluster.d/gantry.conf
if [ ! -e "$policy" ]; then
  trap 'rm -f "$policy" "$clusters"' EXIT
  trap 'exit 1' HUP INT TERM
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 0755 "$policy"
else
  trap 'rm -f "$clusters"' EXIT
  trap 'exit 1' HUP INT TERM
fi
mkdir -p "${clusters%/*}"
echo 'create_main_cluster = false' >"$clusters"
echo "installing$missing"
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086 # a list of names
apt-get install -y -q -o DPkg::Lock::Timeout=300 --no-install-recommends $missing >/dev/null 2>&1 || {
  apt-get update -q -o DPkg::Lock::Timeout=300 >/dev/null
  apt-get install -y -q -o DPkg::Lock::Timeout=300 --no-install-recommends $missing
}
