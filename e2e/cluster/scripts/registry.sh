#!/usr/bin/env bash
# registry.sh NAME PORT [USER PASSWORD]: a registry on the machine's end of the cluster's link, plain HTTP, with a
# password when one is given; lives as long as the cluster. Knative resolves tags there by itself (its resolver tries
# HTTP for private addresses).
. "$(dirname "$0")/lib.sh" "$1"
PORT=$2
DATA=$STATE/registry-$PORT
mkdir -p "$DATA"
cat >"$DATA.yml" <<EOC
version: 0.1
log: {level: warn}
storage: {filesystem: {rootdirectory: $DATA}, delete: {enabled: true}}
http: {addr: "$MACHINE:$PORT", secret: $NAME}
EOC
if [ -n "${3:-}" ]; then
  htpasswd -Bbn "$3" "$4" >"$DATA.htpasswd"
  echo "auth: {htpasswd: {realm: $NAME, path: $DATA.htpasswd}}" >>"$DATA.yml"
fi
# in the cluster's mount and PID namespaces (so it ends with it), in the machine's network, where MACHINE is
nsenter -t "$(cat "$STATE/init.pid")" -m -p -- setsid docker-registry serve "$DATA.yml" \
  >"$STATE/log/registry-$PORT.log" 2>&1 </dev/null &
wait_for 60 registry sh -c "curl -s -o /dev/null http://$MACHINE:$PORT/v2/"
say "registry at $MACHINE:$PORT"
