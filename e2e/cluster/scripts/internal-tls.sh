#!/usr/bin/env bash
# internal-tls.sh NAME on|off: Knative's system-internal-tls. Returns when what goes between ingress, activator and
# instances is encrypted, or is not any more; Knative makes every instance anew.
. "$(dirname "$0")/lib.sh" "$1"
WAY=$2
# anew DEPLOYMENT..: what reads the setting at its start only
anew() {
  local one
  for one in "$@"; do kubectl -n knative-serving rollout restart "deploy/$one" >/dev/null; done
  for one in "$@"; do kubectl -n knative-serving rollout status "deploy/$one" --timeout=120s >/dev/null; done
}
# every instance that is made from now on has its certificate; one without it speaks no TLS, however long it lives
certified() {
  local volumes
  volumes=$(kubectl get deploy -A -l serving.knative.dev/revision \
    -o 'jsonpath={range .items[*]}{.spec.template.spec.volumes[*].name}{"\n"}{end}') || return
  [ -z "$(grep -v server-certs <<<"$volumes")" ]
}
set_to() { kubectl -n knative-serving patch cm config-network --type merge -p "{\"data\":{\"system-internal-tls\":\"$1\"}}" >/dev/null; }
if [ "$WAY" = off ]; then
  set_to Disabled
  anew controller activator net-kourier-controller
  say "system-internal-tls off"
  exit
fi
mkdir -p "$STATE/signer"
CRDS=$(go env GOMODCACHE)/github.com/cert-manager/cert-manager@$CERT_MANAGER/deploy/crds
# Helm's templates, but only in labels and comments
for kind in certificates certificaterequests issuers clusterissuers challenges orders; do
  echo ---
  grep -v '{{' "$CRDS/crd-$kind.yaml"
done | kubectl apply --server-side -f - >/dev/null
wait_for 60 "cert-manager's CRDs" kubectl wait --for=condition=Established --timeout=30s \
  crd/{certificates,certificaterequests,issuers,clusterissuers}.cert-manager.io crd/challenges.acme.cert-manager.io
kubectl apply -f - >/dev/null <<<'{"apiVersion":"cert-manager.io/v1","kind":"ClusterIssuer","metadata":{"name":"knative-selfsigned-issuer"},"spec":{"ca":{"secretName":"knative-ca"}}}'
if [ ! -f "$STATE/signer/ca.crt" ]; then
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 -subj /CN=knative.dev \
    -keyout "$STATE/signer/ca.key" -out "$STATE/signer/ca.crt" 2>/dev/null
  inside setsid "$HERE/signer.sh" "$NAME" >"$STATE/log/signer.log" 2>&1 </dev/null &
fi
set_to Enabled
anew controller
wait_for 60 "Knative's own certificate" kubectl -n knative-serving get secret routing-serving-certs -o 'jsonpath={.data.tls\.crt}'
wait_for 120 "certificates of all revisions" certified
anew activator net-kourier-controller
say "system-internal-tls on"
