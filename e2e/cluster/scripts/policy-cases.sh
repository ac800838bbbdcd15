#!/usr/bin/env bash
# policy-cases.sh NAME REPORT [FOCUS]: Kubernetes' own cases of NetworkPolicy (modules/conformance) against a cluster; what
# came of each goes to the file REPORT, as ginkgo's JSON. Ends with 0 also when some failed. Those of SCTP need a module
# that kernels of such machines lack.
. "$(dirname "$0")/lib.sh" "$1"
REPORT=$2 FOCUS=${3:-.} SKIP=Feature:SCTPConnectivity
"$HERE/build.sh" --conformance
load "$IMAGES/base/agnhost.tar"
echo "promoterE2eRegistry: dev.local" >"$STATE/registries.yaml"
export KUBE_TEST_REPO_LIST=$STATE/registries.yaml
"$BUILD/conformance/conformance" -kubeconfig "$KUBECONFIG" -provider local -ginkgo.no-color -ginkgo.focus "$FOCUS" \
  -ginkgo.skip "$SKIP" \
  -ginkgo.json-report "$REPORT" >"$STATE/log/policy-cases.log" 2>&1 || grep -q '"SuitePath"' "$REPORT"
