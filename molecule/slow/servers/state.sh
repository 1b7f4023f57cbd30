# What a server is, a line a fact: packages, files outside of caches, units, links, mounts, settings, listeners.
export LC_ALL=C
dpkg-query --show --showformat='package ${db:Status-Status} ${Package} ${Version}\n' | grep -v ' not-installed '
find / -xdev \( -path /proc -o -path /sys -o -path /run -o -path /tmp -o -path /var/tmp -o -path /var/cache -o -path /var/log -o -path /var/lib/apt \
  -o -path /var/lib/dpkg -o -path /var/lib/systemd -o -path /var/lib/private -o -path '*/.ansible' -o -path /etc/ld.so.cache \) -prune \
  -o \( -type f -o -type l -o -type d \) -printf 'file %p\n'
find /var/lib/containerd /var/lib/kubelet /var/lib/etcd /var/lib/gantry -mindepth 1 -printf 'file %p\n' 2>/dev/null
find /run -maxdepth 1 \( -name 'containerd*' -o -name 'cilium*' -o -name 'netns' -o -name runc \) -printf 'file %p\n'
systemctl list-units --all --no-legend --plain --type=service,mount | while read -r name _ active _; do
  case $name in *user* | run-user* | apt-* | dpkg-* | e2scrub* | systemd-tmpfiles*) ;; *) echo "unit $name $active" ;; esac
done
ls /sys/class/net | while read -r link; do echo "link $link"; done
while read -r _ target type _; do echo "mount $target $type"; done < /proc/self/mounts
for name in net/ipv4/ip_forward kernel/panic kernel/panic_on_oops vm/overcommit_memory; do echo "setting $name $(cat /proc/sys/$name)"; done
while read -r _ address _ state _; do [ "$state" != 0A ] || echo "listens $address"; done < /proc/net/tcp
