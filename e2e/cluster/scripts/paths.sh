# shellcheck shell=bash
# Where what was built and what runs lies: outside the checkout, by version.
ROOM=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
set -a
. "$ROOM/versions.env"
set +a
CLUSTER_DIR=${TOWPATH_CLUSTER_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/towpath-cluster}
BUILD=$CLUSTER_DIR/build
IMAGES=$CLUSTER_DIR/images
GVISOR=$BUILD/gvisor
PATH=$BUILD/kubernetes:$BUILD/tools:$PATH:/usr/local/go/bin
