#!/usr/bin/env bash
# base-image.sh NAME PORT NODE USER PASSWORD: the image below built applications (a Node binary, a shell and what they
# are linked against, from this machine), pushed to the cluster's registry as runtime/node:local.
. "$(dirname "$0")/lib.sh" "$1"
PORT=$2 BINARY=$(readlink -f "$3") USER=$4 PASSWORD=$5
TAR=$IMAGES/runtime/node-$(sha256sum "$BINARY" | cut -c1-16).tar
if [ ! -f "$TAR" ]; then
  mkdir -p "$(dirname "$TAR")"
  files=("$BINARY:/usr/local/bin/node")
  for binary in /bin/dash:/bin/sh /bin/cat:/bin/cat /bin/ls:/bin/ls /bin/sleep:/bin/sleep /usr/bin/env:/usr/bin/env; do
    files+=("$(readlink -f "${binary%%:*}"):${binary##*:}")
  done
  while read -r library; do
    files+=("$(readlink -f "$library"):$library")
  done < <(for f in "${files[@]}"; do ldd "${f%%:*}" 2>/dev/null; done | grep -o '/[^ ]*' | sort -u)
  python3 "$HERE/mkimage.py" runtime/node:local "$TAR.new" --user 65532 --dir app "${files[@]}" >/dev/null
  mv "$TAR.new" "$TAR"
fi
LAYOUT=$(mktemp -d)
trap 'rm -rf "$LAYOUT"' EXIT
tar xf "$TAR" -C "$LAYOUT"
crane auth login "$MACHINE:$PORT" -u "$USER" -p "$PASSWORD" >/dev/null 2>&1
crane push "$LAYOUT" "$MACHINE:$PORT/runtime/node:local" --insecure >/dev/null 2>&1
crane auth logout "$MACHINE:$PORT" >/dev/null 2>&1
say "runtime/node:local pushed"
