#!/usr/bin/env bash
# knative.sh NAME KNATIVE [CONFIGMAP:KEY=VALUE ..]: Knative Serving, net-kourier and CoreDNS on a cluster that up.sh
# booted; returns when all of them are available.
. "$(dirname "$0")/lib.sh" "$1"
SERVING=$2
shift 2
SET=()
for setting in "$@"; do SET+=(--set "$setting"); done
python3 "$HERE/manifests.py" "$STATE/manifests" --dns "$DNS" --serving "$SERVING" --kourier "$KOURIER" \
  --envoy "$ENVOY" "${SET[@]}" >/dev/null
say "manifests written"
# DNS first: envoy and the activator that start before it wait 5-10 s to ask again
kubectl create -f "$STATE/manifests/dns.yaml" >/dev/null
kubectl create -f "$STATE/manifests/crds.yaml" >/dev/null
# kubectl gives up at one whose status is still empty
wait_for 60 "CRDs" kubectl wait --for=condition=Established crd --all --timeout=30s
say "CRDs established"
kubectl create -f "$STATE/manifests/all.yaml" >/dev/null
# other runtimes than that of all others, for what asks for one
runtime_class() { # runtime_class NAME HANDLER
  kubectl create -f - >/dev/null <<<"{\"apiVersion\":\"node.k8s.io/v1\",\"kind\":\"RuntimeClass\",\"metadata\":{\"name\":\"$1\"},\"handler\":\"$2\"}"
}
runtime_class crun crun
[ ! -e "$GVISOR/runs" ] || runtime_class gvisor runsc
say "objects created"
wait_for 60 "image import" test -f "$STATE/imported"; say "images imported"
kubectl -n knative-serving wait --for=condition=Available deploy/net-kourier-controller --timeout=120s >/dev/null
kubectl create -f "$STATE/manifests/late.yaml" >/dev/null
for ns in knative-serving kourier-system kube-system; do
  kubectl -n $ns wait --for=condition=Available deploy --all --timeout=120s >/dev/null
  say "$ns available"
done
