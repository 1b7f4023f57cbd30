# Installs what a node needs and the server lacks, Python among it, and records what came. Only a shell and apt are needed.
# CHECK=yes tells what is missing, and does nothing. Broken off anywhere, the next run finishes it.
set -eu
export DEBIAN_FRONTEND=noninteractive LC_ALL=C
state=/var/lib/gantry/packages
installed() { dpkg-query --show --showformat='${db:Status-Status} ${Package}\n' | sed -n 's/^installed //p' | sort -u; }
have=$(installed)
missing=
for package in $PACKAGES; do
  printf '%s\n' "$have" | grep -qxF "$package" || missing="$missing $package"
done
[ -n "$missing" ] || [ -e "$state/before" ] || exit 0
echo "installed:$missing"
[ "$CHECK" = no ] || exit 0
mkdir -p "$state"
[ -e "$state/before" ] || { printf '%s\n' "$have" > "$state/new"; mv "$state/new" "$state/before"; }
if [ -n "$missing" ]; then
  apt-get update -qq
  # shellcheck disable=SC2086 # a list of words
  apt-get install --yes -qq --no-install-recommends $missing >/dev/null
fi
installed > "$state/now"
{ cat "$state/added" 2>/dev/null || true; comm -13 "$state/before" "$state/now"; } | sort -u > "$state/new"
mv "$state/new" "$state/added"
rm "$state/before" "$state/now"
