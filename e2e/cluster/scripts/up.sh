#!/usr/bin/env bash
# up.sh NAME INDEX KNATIVE: boots one real single-node Kubernetes cluster. INDEX (1-49) picks the addresses; two running
# clusters must differ in it. Safe to call again: a running cluster is left alone, a half-started one is ended first.
. "$(dirname "$0")/lib.sh" "$1" "${2:?index 1-49}"
KNATIVE=${3:-$KNATIVE}
if alive && kubectl get --raw /readyz >/dev/null 2>&1; then echo "$NAME is up already"; exit 0; fi
[ ! -e "$STATE" ] || "$HERE/down.sh" "$NAME" >/dev/null
trap '[ -n "${TOWPATH_CLUSTER_KEEP:-}" ] || "$HERE/down.sh" "$NAME" >/dev/null 2>&1; echo "up.sh: failed (TOWPATH_CLUSTER_KEEP=1 keeps the logs)" >&2' ERR
mkdir -p "$STATE"/{pki,log,cni,kubelet,manifests}
echo "$INDEX" >"$STATE/index"
cd "$STATE"

network_up
printf '{"node":"%s","machine":"%s","pods":"%s","services":"%s","dns":"%s","knative":"%s"}\n' \
  "$NODE" "$MACHINE" "$PODS" "$SERVICES" "$DNS" "$KNATIVE" >cluster.json

# --- certificates (ECDSA: all of them in well under a second)
P=pki
EC=(-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes)
openssl req -x509 "${EC[@]}" -keyout $P/ca.key -out $P/ca.crt -days 3650 -subj /CN=towpath-test 2>/dev/null
crt() { # crt NAME SUBJECT [EXTENSIONS]
  openssl req "${EC[@]}" -keyout $P/$1.key -out $P/$1.csr -subj "$2" 2>/dev/null
  openssl x509 -req -in $P/$1.csr -CA $P/ca.crt -CAkey $P/ca.key -CAcreateserial -days 3650 -out $P/$1.crt \
    -extfile <(printf '%s' "${3:-basicConstraints=CA:FALSE}") 2>/dev/null
}
crt apiserver /CN=kube-apiserver "subjectAltName=IP:$NODE,IP:127.0.0.1,IP:$API_SERVICE,DNS:localhost,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:kubernetes.default.svc.cluster.local"
crt admin /O=system:masters/CN=admin
crt kcm /CN=system:kube-controller-manager
crt sched /CN=system:kube-scheduler
crt kubelet "/O=system:nodes/CN=system:node:$NAME" "subjectAltName=IP:$NODE,DNS:$NAME"
openssl ecparam -genkey -name prime256v1 -noout -out $P/sa.key; openssl ec -in $P/sa.key -pubout -out $P/sa.pub 2>/dev/null
for u in admin kcm sched kubelet; do cat >$P/$u.conf <<EOC
apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: "https://$NODE:6443", certificate-authority-data: $(base64 -w0 $P/ca.crt)}}]
users: [{name: u, user: {client-certificate-data: $(base64 -w0 $P/$u.crt), client-key-data: $(base64 -w0 $P/$u.key)}}]
contexts: [{name: x, context: {cluster: c, user: u}}]
current-context: x
EOC
done

# --- containerd 1.6 (Debian). restrict_oom_score_adj: this VM has no CAP_SYS_RESOURCE.
RUNTIMES=
rt() { # rt HANDLER TYPE BINARY
  command -v "$3" >/dev/null || return 0
  RUNTIMES+=$'\n'"    [plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.$1]"$'\n'"      runtime_type = \"$2\""
  [ "$1" != runsc ] || RUNTIMES+=$'\n'"      [plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.runsc.options]"$'\n'"        TypeUrl = \"io.containerd.runsc.v1.options\""$'\n'"        ConfigPath = \"$STATE/runsc.toml\""
  [ "$2" != io.containerd.runc.v2 ] || RUNTIMES+=$'\n'"      [plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.$1.options]"$'\n'"        BinaryName = \"$(command -v "$3")\""
}
rt runc io.containerd.runc.v2 runc
rt crun io.containerd.runc.v2 crun
[ ! -e "$GVISOR/runs" ] || rt runsc io.containerd.runsc.v1 "$GVISOR/containerd-shim-runsc-v1"
printf '[runsc_config]\n  platform = "%s"\n' "systrap" >runsc.toml
cat >containerd.toml <<EOC
version = 2
root = "/var/lib/containerd"
state = "/run/containerd"
oom_score = 0
[grpc]
  address = "$SOCKET"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "localhost/pause:local"
  disable_apparmor = true
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "$STATE/cni"
  # hosts.toml files per registry: $STATE/certs.d/HOST:PORT/hosts.toml
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "$STATE/certs.d"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    default_runtime_name = "runc"$RUNTIMES
EOC

cat >cni/10-bridge.conflist <<EOC
{"cniVersion":"0.4.0","name":"pods","plugins":[
 {"type":"bridge","bridge":"cni0","isGateway":true,"ipMasq":true,"hairpinMode":true,
  "ipam":{"type":"host-local","ranges":[[{"subnet":"$PODS"}]],"routes":[{"dst":"0.0.0.0/0"}],"dataDir":"/var/lib/cni/ipam"}},
 {"type":"portmap","capabilities":{"portMappings":true}}]}
EOC
echo "nameserver 127.0.0.1" >resolv.conf
cat >kubelet.yaml <<EOC
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
failCgroupV1: false
cgroupDriver: cgroupfs
cgroupRoot: /$NETNS
cgroupsPerQOS: false
enforceNodeAllocatable: []
containerRuntimeEndpoint: unix://$SOCKET
authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: $STATE/pki/ca.crt}}
authorization: {mode: AlwaysAllow}
tlsCertFile: $STATE/pki/kubelet.crt
tlsPrivateKeyFile: $STATE/pki/kubelet.key
clusterDNS: [$DNS]
clusterDomain: cluster.local
resolvConf: $STATE/resolv.conf
failSwapOn: false
evictionHard: {memory.available: "100Mi", nodefs.available: "1%", imagefs.available: "1%"}
imageGCHighThresholdPercent: 100
imageGCLowThresholdPercent: 99
maxPods: 200
serializeImagePulls: false
syncFrequency: 10s
# what stories offer on a node is seen soon; what did not change is told as seldom as by default
nodeStatusUpdateFrequency: 2s
nodeStatusReportFrequency: 5m
# what ends is started again soon: Kubernetes waits 10 s and more, up to 5 minutes
crashLoopBackOff: {maxContainerRestartPeriod: 5s}
EOC

hold
say "containerd answers"
# images go in while the API server starts; knative.sh waits for the marker
(
  load "$IMAGES/base/pause.tar" "$IMAGES/base/coredns.tar"
  load "$IMAGES/serving-$KNATIVE"/*.tar "$IMAGES/base"/{kourier,envoy,probe}.tar
  touch "$STATE/imported"
) >"$STATE/log/import.log" 2>&1 &
api_up
say "API server ready"
wait_for 60 "node $NAME" sh -c "kubectl get node $NAME -o 'jsonpath={.status.conditions[?(@.type==\"Ready\")].status}' | grep -q True"
say "node Ready"
trap - ERR
echo "export KUBECONFIG=$KUBECONFIG"
