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
# load TAR..: images of OCI layouts in tars, two at a time
load() { printf '%s\n' "$@" | xargs -P 2 -I{} ctr -a "$SOCKET" -n k8s.io images import {} >/dev/null; }
alive() { [ -f "$STATE/init.pid" ] && kill -0 "$(cat "$STATE/init.pid")" 2>/dev/null; }
