#!/usr/bin/env bash
# down.sh NAME: ends a cluster and leaves nothing: processes, mounts, namespaces, cgroups, files.
. "$(dirname "$0")/lib.sh" "$1"
if [ -f "$STATE/init.pid" ]; then
  pid=$(cat "$STATE/init.pid")
  # only when that pid is still our node.sh: pids are used again
  if tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -q "node.sh $NAME "; then
    kill -9 "$pid" # PID 1 of the namespace: the kernel ends the rest, and the private mounts go with it
    while kill -0 "$pid" 2>/dev/null; do sleep 0.05; done
  fi
fi
for _ in $(seq 40); do # a cgroup can be removed when its last process is reaped
  groups=$(find /sys/fs/cgroup -mindepth 1 -type d -path "*/$NETNS*" \( -name "$NETNS" -o -path "*/$NETNS/*" \) 2>/dev/null | sort -r)
  [ -n "$groups" ] || break
  xargs -r rmdir 2>/dev/null <<<"$groups" || sleep 0.1
done
ip link del "$VETH" 2>/dev/null || true
ip netns del "$NETNS" 2>/dev/null || true
rm -rf --one-file-system "$STATE"
