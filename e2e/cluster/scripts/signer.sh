#!/usr/bin/env bash
# signer.sh NAME: issues what is asked for by cert-manager's Certificates, from one authority, as cert-manager with an issuer of kind CA
# would (which alone takes twelve minutes to build). Started by internal-tls.sh; ends with the cluster.
. "$(dirname "$0")/lib.sh" "$1"
cd "$STATE/signer"
# issue NAMESPACE NAME SECRET UID DNS-NAME..
issue() {
  local namespace=$1 name=$2 secret=$3 uid=$4
  shift 4
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout tls.key -out tls.csr -subj "/CN=$1" 2>/dev/null
  openssl x509 -req -in tls.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 90 -out tls.crt \
    -extfile <(printf 'subjectAltName=%s' "$(printf 'DNS:%s\n' "$@" | paste -sd,)") 2>/dev/null
  kubectl create secret generic "$secret" -n "$namespace" --type kubernetes.io/tls --dry-run=client -o yaml \
    --from-file=tls.crt --from-file=tls.key --from-file=ca.crt |
    kubectl label --local -f - -o yaml "networking.internal.knative.dev/certificate-uid=$uid" |
    kubectl apply --server-side --force-conflicts -f -
  kubectl patch certificates.cert-manager.io "$name" -n "$namespace" --subresource=status --type merge -p \
    "{\"status\":{\"conditions\":[{\"type\":\"Ready\",\"status\":\"True\",\"reason\":\"Ready\",\"message\":\"issued\",\"lastTransitionTime\":\"$(date -u +%FT%TZ)\"}]}}"
}
while :; do
  # whoever is Ready is followed by its changes only
  kubectl get certificates.cert-manager.io -A --watch -o jsonpath="{'ready='}{.status.conditions[0].status} {.metadata.namespace} {.metadata.name} {.spec.secretName} {.spec.secretTemplate.labels.networking\.internal\.knative\.dev/certificate-uid} {.spec.dnsNames[*]}{'\n'}" |
    while read -r ready asked; do
      # one that is gone again cannot be given any
      [ "$ready" = ready=True ] || issue $asked </dev/null || true
    done || true
  sleep 0.5
done
