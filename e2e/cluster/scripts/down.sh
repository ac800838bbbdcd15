#!/usr/bin/env bash
# down.sh NAME: ends a cluster and leaves nothing: processes, mounts, namespaces, cgroups, files.
. "$(dirname "$0")/lib.sh" "$1"
let_go
network_down
rm -rf --one-file-system "$STATE"
