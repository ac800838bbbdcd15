# shellcheck shell=bash
# lib.sh: names and paths that all scripts use. Source it: . lib.sh NAME [INDEX]
#
# One cluster is one network namespace, one private mount namespace and one PID namespace, all held by one process
# (node.sh, PID 1 in there). Killing that process ends everything the cluster ever started.
set -euo pipefail

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$HERE/paths.sh"

NAME=${1:?cluster name}
STATE=$CLUSTER_DIR/run/$NAME
K8S_BIN=$BUILD/kubernetes
NETNS=tow-$NAME # also the root of its cgroups
SOCKET=$STATE/containerd.sock
INDEX=${2:-$(cat "$STATE/index" 2>/dev/null || echo 0)}
VETH=tow-$NAME
MACHINE=10.20.$INDEX.1 # the machine's end of the cluster's link
NODE=10.20.$INDEX.2    # the node's end
PODS=10.$((100 + INDEX)).0.0/16
SERVICES=10.$((150 + INDEX)).0.0/16
API_SERVICE=10.$((150 + INDEX)).0.1
DNS=10.$((150 + INDEX)).0.10
export KUBECONFIG=$STATE/pki/admin.conf
export KUBECACHEDIR=$STATE/kube-cache DOCKER_CONFIG=$STATE/docker # what kubectl and crane keep goes with the cluster

STARTED=${STARTED:-$EPOCHREALTIME}
# say TEXT: one line with the seconds since the script started
say() { awk -v a="$STARTED" -v b="$EPOCHREALTIME" -v t="$*" 'BEGIN { printf "%6.1fs %s\n", b - a, t }'; }
# inside CMD..: runs CMD in the cluster's namespaces (network, mount, PID)
inside() { nsenter -t "$(cat "$STATE/init.pid")" -m -p -n -- "$@"; }
# wait_for SECONDS WHAT CMD..: asks CMD until it succeeds
wait_for() {
  local end=$((SECONDS + $1)) what=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt "$end" ] || { echo "timed out waiting for $what" >&2; return 1; }
    sleep 0.1
  done
}
# load TAR..: images of OCI layouts in tars, two at a time; what loads them ends with the cluster
load() { printf '%s\n' "$@" | inside xargs -P 2 -I{} ctr -a "$SOCKET" -n k8s.io images import {} >/dev/null; }
alive() { [ -f "$STATE/init.pid" ] && kill -0 "$(cat "$STATE/init.pid")" 2>/dev/null; }

# network_up: a namespace with one link to the machine, and the machine's routes to pods and services
network_up() {
  ip netns add "$NETNS"
  ip link add "$VETH" type veth peer name eth0 netns "$NETNS"
  ip addr add "$MACHINE/24" dev "$VETH"; ip link set "$VETH" up
  ip -n "$NETNS" addr add "$NODE/24" dev eth0
  ip -n "$NETNS" link set lo up; ip -n "$NETNS" link set eth0 up
  ip -n "$NETNS" route add default via "$MACHINE"
  ip netns exec "$NETNS" sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.route_localnet=1
  # pod-to-pod traffic crosses one bridge: without this neither kube-proxy's NAT on
  # that path nor a NetworkPolicy enforcer sees it
  ip netns exec "$NETNS" sysctl -qw net.bridge.bridge-nf-call-iptables=1
  ip route replace "$PODS" via "$NODE"; ip route replace "$SERVICES" via "$NODE"
}
# network_down: takes it away, whatever of it is there
network_down() {
  ip link del "$VETH" 2>/dev/null || true
  ip netns del "$NETNS" 2>/dev/null || true
}
# hold: starts the one process that holds all of the cluster; returns when its containerd answers
hold() {
  setsid nsenter --net="/run/netns/$NETNS" unshare --mount --pid --fork --kill-child --mount-proc \
    "$HERE/node.sh" "$NAME" "$INDEX" >>"$STATE/log/node.log" 2>&1 </dev/null &
  local outer=$!
  wait_for 60 "init process" pgrep -P $outer
  pgrep -P $outer >"$STATE/init.pid"
  wait_for 60 containerd ctr -a "$SOCKET" version
}
# let_go: ends that process, and with it everything in the cluster; only when its pid is still that of our node.sh
let_go() {
  [ -f "$STATE/init.pid" ] || return 0
  local pid groups own
  pid=$(cat "$STATE/init.pid")
  if tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -q "node.sh $NAME "; then
    kill -9 "$pid" # PID 1 of the namespace: the kernel ends the rest, and the private mounts go with it
    while kill -0 "$pid" 2>/dev/null; do sleep 0.05; done
  fi
  # those of containers are not below the cluster's own: kubelet makes no tree of cgroups here, so containerd names them
  own=$(echo "/$NETNS(/|\$)"; ls "$STATE/containerd/io.containerd.runtime.v2.task/k8s.io" 2>/dev/null || true)
  for _ in $(seq 40); do # a cgroup can be removed when its last process is reaped
    groups=$({ find /sys/fs/cgroup -mindepth 1 -type d 2>/dev/null || true; } | grep -E "$own" | sort -r || true)
    [ -n "$groups" ] || break
    xargs -r rmdir 2>/dev/null <<<"$groups" || sleep 0.1
  done
}
# api_up: returns when the API server is ready; on a busy machine that has taken more than a minute
api_up() {
  wait_for 150 "API server" curl -sf --cacert "$STATE/pki/ca.crt" --cert "$STATE/pki/admin.crt" \
    --key "$STATE/pki/admin.key" "https://$NODE:6443/readyz"
}
