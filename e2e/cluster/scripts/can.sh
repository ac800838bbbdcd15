#!/usr/bin/env bash
# can.sh: whether this machine can hold clusters. Fails, and says in one sentence why not, else is silent: tried, not
# guessed, within a second; the first time it installs the Debian packages that are missing.
set -euo pipefail
. "$(dirname "$0")/paths.sh"
cannot() { echo "real clusters need $1"; exit 1; }
mkdir -p "$CLUSTER_DIR" 2>/dev/null || cannot "to write below $CLUSTER_DIR (TOWPATH_CLUSTER_DIR moves it)"
try=$(mktemp -d "$CLUSTER_DIR/can.XXXXXX")
trap 'rm -rf "$try"' EXIT
unshare --mount --pid --net --fork --kill-child --mount-proc true 2>/dev/null ||
  cannot "mount, process and network namespaces, which this machine does not give"
mkdir "$try"/{lower,upper,work,merged}
unshare --mount mount -t overlay overlay \
  -o "lowerdir=$try/lower,upperdir=$try/upper,workdir=$try/work" "$try/merged" 2>/dev/null ||
  cannot "overlay mounts below $CLUSTER_DIR (TOWPATH_CLUSTER_DIR moves it)"
unshare --net test -w /proc/sys/net/bridge/bridge-nf-call-iptables 2>/dev/null ||
  cannot "the kernel's br_netfilter, which this machine does not give"
for groups in /sys/fs/cgroup/pids /sys/fs/cgroup; do
  mkdir "$groups/tow-can-$$" 2>/dev/null || continue
  rmdir "$groups/tow-can-$$"
  "$ROOM/scripts/packages.sh" || cannot "Debian packages that cannot be installed here: containerd, runc, crun, nftables and others"
  exit 0
done
cannot "to make cgroups, which this machine does not allow"
