#!/usr/bin/env bash
# images.sh KNATIVE: packs the built binaries into OCI layouts, one tar each: no registry, no Dockerfile. Each is one
# layer with a static binary; Envoy brings the C library it was linked against.
set -euo pipefail
. "$(dirname "$0")/paths.sh"
VERSION=${1:?version of Knative Serving}
# pack TAR BINARY ARGUMENT..: unless the tar is younger than the binary
pack() {
  local tar=$1 binary=$2
  shift 2
  mkdir -p "$(dirname "$tar")"
  [ "$tar" -nt "$binary" ] || python3 "$ROOM/scripts/mkimage.py" "$@" >/dev/null
}
for c in activator autoscaler controller webhook queue; do
  tar=$IMAGES/serving-$VERSION/$c.tar binary=$BUILD/serving-$VERSION/$c
  pack "$tar" "$binary" "dev.local/knative/$c:$VERSION" "$tar" --entrypoint "/ko-app/$c" "$binary:/ko-app/$c"
done
own() { # own NAME IMAGE BINARY PATH-INSIDE ARGUMENT..
  local tar=$IMAGES/base/$1.tar image=$2 binary=$3 path=$4
  shift 4
  pack "$tar" "$binary" "$image" "$tar" --entrypoint "$path" "$@" "$binary:$path"
}
own kourier dev.local/kourier:$KOURIER "$BUILD/kourier-$KOURIER/kourier" /ko-app/kourier
own coredns dev.local/coredns:local "$BUILD/coredns/coredns" /coredns
own pause localhost/pause:local "$BUILD/pause/pause" /pause --user 0
own probe dev.local/probe:v1 "$BUILD/probe/probe" /probe
# what the pods of Kubernetes' own cases run
agnhost=$BUILD/conformance/agnhost
[ ! -x "$agnhost" ] || own agnhost dev.local/agnhost:$AGNHOST "$agnhost" /agnhost --user 0
envoy=$BUILD/envoy/envoy/_bin/envoy libraries=()
while read -r library; do
  libraries+=("$(readlink -f "$library"):$library")
done < <(ldd "$envoy" | grep -o '/[^ ]*' | sort -u)
own envoy "dev.local/envoy:$ENVOY" "$envoy" /usr/local/bin/envoy "${libraries[@]}"
