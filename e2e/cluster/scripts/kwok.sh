#!/usr/bin/env bash
# kwok.sh NAME [COUNT]: COUNT (100) fake GPU nodes of four products in turn, 8 GPUs each, run by KWOK. Their pods become
# Running and Ready without a container. Every fake node is tainted kwok.x-k8s.io/node=fake, so only pods that tolerate it
# land there. kwok.sh NAME 0 takes all of them away, and ends KWOK; pods that are still there are the cluster's to delete.
. "$(dirname "$0")/lib.sh" "$1"; COUNT=${2:-100}
PID=$STATE/kwok.pid # in the cluster's PID namespace, so it ends with the cluster at the latest
runs() { [ -s "$PID" ] && inside kill -0 "$(cat "$PID")" 2>/dev/null; }
ended() { ! runs; }
# all of them in one request: one by one it takes kubectl 20 s for a thousand
no_nodes() {
  kubectl delete --raw '/api/v1/nodes?labelSelector=type%3Dkwok'
  [ -z "$(kubectl get nodes -l type=kwok -o name)" ]
}
if [ "$COUNT" = 0 ]; then
  wait_for 120 "an end of the fake nodes" no_nodes
  ! runs || { inside kill "$(cat "$PID")"; wait_for 30 "an end of KWOK" ended; }
  rm -f "$PID" "$STATE/kwok.yaml"
  say "no fake nodes"
  exit
fi

"$HERE/build.sh" --kwok
# it needs its stages from a file: the bare binary ends with "no stages found"
S=$(cd "$ROOM/modules/kwok" && go mod download sigs.k8s.io/kwok && go list -m -f '{{.Dir}}' sigs.k8s.io/kwok)/kustomize/stage
for f in node/fast/node-initialize node/heartbeat-with-lease/node-heartbeat-with-lease pod/fast/pod-ready pod/fast/pod-complete pod/fast/pod-delete; do
  echo ---; cat "$S/$f.yaml"
done >"$STATE/kwok.yaml"
# leases are renewed at a quarter of their time: a thousand cost the API server 50 requests a second
if ! runs; then
  (
    inside setsid sh -c 'echo $$ >"$0"; exec "$@"' "$PID" "$BUILD/kwok/kwok" --config="$STATE/kwok.yaml" \
      --kubeconfig="$KUBECONFIG" --manage-all-nodes=false --manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake \
      --cidr=10.250.0.0/16 --node-ip="$NODE" --node-lease-duration-seconds=80
  ) >"$STATE/log/kwok.log" 2>&1 </dev/null &
fi
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
wait_for $((60 + COUNT / 5)) "$COUNT fake nodes" sh -c "[ \$(kubectl get nodes -l type=kwok --no-headers | grep -c ' Ready') = $COUNT ]"
say "$COUNT fake nodes Ready"
