#!/usr/bin/env bash
# kwok.sh NAME [COUNT] - COUNT (100) fake GPU nodes run by KWOK. Their pods become
# Running without a container. Every fake node is tainted kwok.x-k8s.io/node=fake,
# so only pods that tolerate it land there. kwok needs its stages from a file: the
# bare binary ends with "no stages found".
. "$(dirname "$0")/lib.sh" "$1"; COUNT=${2:-100}
"$HERE/build.sh" --kwok
S=$(go env GOMODCACHE)/sigs.k8s.io/kwok@$KWOK/kustomize/stage
for f in node/fast/node-initialize node/heartbeat-with-lease/node-heartbeat-with-lease pod/fast/pod-ready pod/fast/pod-complete pod/fast/pod-delete; do
  echo ---; cat "$S/$f.yaml"
done >"$STATE/kwok.yaml"
inside setsid "$BUILD/kwok/kwok" --config="$STATE/kwok.yaml" --kubeconfig="$KUBECONFIG" --manage-all-nodes=false \
  --manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake --cidr=10.250.0.0/16 --node-ip="$NODE" \
  --node-lease-duration-seconds=40 >"$STATE/log/kwok.log" 2>&1 </dev/null &
python3 - "$COUNT" <<'PY' | kubectl create -f - >/dev/null
import json, sys
products = ['NVIDIA-H100-80GB-HBM3', 'NVIDIA-A100-SXM4-80GB', 'NVIDIA-L40S', 'Tesla-T4']
res = {'cpu': '64', 'memory': '512Gi', 'pods': '110', 'nvidia.com/gpu': '8', 'ephemeral-storage': '1Ti'}
nodes = [{
    'apiVersion': 'v1', 'kind': 'Node',
    'metadata': {'name': f'fake-{i:03d}', 'annotations': {'kwok.x-k8s.io/node': 'fake'},
                 'labels': {'type': 'kwok', 'kubernetes.io/hostname': f'fake-{i:03d}', 'kubernetes.io/os': 'linux',
                            'kubernetes.io/arch': 'amd64', 'topology.kubernetes.io/zone': f'z{i % 3}',
                            'nvidia.com/gpu.product': products[i % 4], 'nvidia.com/gpu.count': '8',
                            'nvidia.com/gpu.present': 'true'}},
    'spec': {'taints': [{'key': 'kwok.x-k8s.io/node', 'value': 'fake', 'effect': 'NoSchedule'}]},
    'status': {'capacity': res, 'allocatable': res}} for i in range(int(sys.argv[1]))]
print(json.dumps({'apiVersion': 'v1', 'kind': 'List', 'items': nodes}))
PY
wait_for 60 "$COUNT fake nodes" sh -c "[ \$(kubectl get nodes -l type=kwok --no-headers | grep -c ' Ready') = $COUNT ]"
say "$COUNT fake nodes Ready"
