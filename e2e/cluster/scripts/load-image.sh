#!/usr/bin/env bash
# load-image.sh NAME TAR..: images (OCI layouts in tars) into the cluster's containerd.
. "$(dirname "$0")/lib.sh" "$1"
shift
load "$@"
