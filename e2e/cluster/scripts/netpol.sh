#!/usr/bin/env bash
# netpol.sh NAME: enforces NetworkPolicy on a cluster (modules/netpol) from now until down.sh. Fails closed: a pod is
# unreachable until its rules are in place.
. "$(dirname "$0")/lib.sh" "$1"
# started in the cluster's PID namespace, so it ends with the cluster
inside setsid "$BUILD/netpol/netpol" -kubeconfig "$KUBECONFIG" -pods "$PODS" \
  >"$STATE/log/netpol.log" 2>&1 </dev/null &
wait_for 15 "first network policy rules" grep -q 'rules written' "$STATE/log/netpol.log"
say "network policies are enforced"
