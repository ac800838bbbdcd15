#!/usr/bin/env bash
# gpu.sh NAME [COUNT] - the real node says it has COUNT (2) GPUs, with the labels GPU
# feature discovery would set and the usual taint; Knative may use them in pod specs.
# There is no device behind it: pods run, nothing is injected.
. "$(dirname "$0")/lib.sh" "$1"; COUNT=${2:-2}
kubectl patch node "$NAME" --subresource=status --type json \
  -p "[{\"op\":\"add\",\"path\":\"/status/capacity/nvidia.com~1gpu\",\"value\":\"$COUNT\"},{\"op\":\"add\",\"path\":\"/status/allocatable/nvidia.com~1gpu\",\"value\":\"$COUNT\"}]" >/dev/null
kubectl label --overwrite node "$NAME" nvidia.com/gpu.present=true nvidia.com/gpu.product=NVIDIA-H100-80GB-HBM3 \
  nvidia.com/gpu.count="$COUNT" nvidia.com/gpu.memory=81559 >/dev/null
[ -n "${NO_TAINT:-}" ] || kubectl taint --overwrite node "$NAME" nvidia.com/gpu=present:NoSchedule >/dev/null
kubectl -n knative-serving patch cm config-features --type merge -p '{"data":{
  "kubernetes.podspec-nodeselector":"enabled","kubernetes.podspec-tolerations":"enabled",
  "kubernetes.podspec-affinity":"enabled","kubernetes.podspec-runtimeclassname":"enabled"}}' >/dev/null 2>&1 || true
