#!/bin/sh
# Ends every process of an environment's machines, then takes away what a restart of the host takes: mounts, control groups, links, rules.
set -u
environment=$1
for process in $(grep -l "directory=/var/lib/gantry/$environment/" /proc/[0-9]*/cmdline 2>/dev/null | cut -d/ -f3); do
  if grep -q ^systemd-nspawn "/proc/$process/cmdline"; then kill -9 "$process"; fi
done
sleep 1
grep " /var/lib/gantry/$environment/" /proc/self/mounts | cut -d' ' -f2 | xargs -r umount
find /sys/fs/cgroup -depth -type d -path "*/gantry-$environment*" -exec rmdir {} \; 2>/dev/null
ip link delete "gt-$environment"
nft delete table inet "gantry-$environment"
