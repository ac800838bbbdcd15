#!/usr/bin/env bash
# node.sh NAME INDEX: PID 1 of a cluster's namespaces; started by up.sh only. Mounts private copies of every path that
# Kubernetes hard-codes, then runs the control plane and the node, each restarted when it ends.
. "$(dirname "$0")/lib.sh" "$1" "$2"
set +e
cd "$STATE" || exit 1

# Paths that are hard-coded somewhere (device plugins, pod logs, CNI cache, shim
# sockets, CNI netns files): give this cluster its own. They vanish with us.
mount --make-rshared /               # our own peer group: kubelet mounts reach containerd
priv() { mkdir -p "$STATE/$2" "$1"; mount --bind "$STATE/$2" "$1"; }
priv /var/lib/kubelet kubelet
priv /var/lib/containerd containerd
priv /var/lib/cni cni-cache
priv /var/log/pods log/pods
priv /var/log/containers log/containers
for d in /run/netns /run/containerd; do mkdir -p $d; mount -t tmpfs -o mode=755 tmpfs $d; mount --make-rshared $d; done

# crun refuses the hybrid cgroup layout (v1 controllers next to a v2 mount); runc
# and gVisor do not mind that it is gone
umount /sys/fs/cgroup/unified 2>/dev/null

# A node gives its pods 1024 shares of time for each processor. Here those of all clusters lie in one group, and beside them
# is all else of the machine: with the group's own 1024 they would stand still while others work.
if [ -d /sys/fs/cgroup/cpu ]; then
  mkdir -p /sys/fs/cgroup/cpu/k8s.io
  echo 8192 >/sys/fs/cgroup/cpu/k8s.io/cpu.shares
fi

# The same for its own parts, which a machine that is no test has to itself: Linux shares its time between sessions, of which they
# all are one, and each backend of a PostgreSQL another.
{ echo -10 >/proc/self/autogroup; } 2>/dev/null
# memory is less scarce than time
export GOGC=300

# keep NAME CMD..: run CMD for ever, log to log/NAME.log
keep() {
  local n=$1; shift
  ( while :; do "$@" >>"$STATE/log/$n.log" 2>&1; echo "== $n ended: $?" >>"$STATE/log/$n.log"; sleep 0.5; done ) &
}
P=$STATE/pki
keep etcd "$BUILD/etcd/etcd" --data-dir "$STATE/etcd" --unsafe-no-fsync \
  --listen-client-urls http://127.0.0.1:2379 --advertise-client-urls http://127.0.0.1:2379 \
  --listen-peer-urls http://127.0.0.1:2380
PATH=$GVISOR:$PATH keep containerd containerd -c "$STATE/containerd.toml"
keep apiserver "$K8S_BIN/kube-apiserver" --etcd-servers=http://127.0.0.1:2379 --secure-port=6443 \
  --bind-address=0.0.0.0 --advertise-address="$NODE" \
  --tls-cert-file="$P/apiserver.crt" --tls-private-key-file="$P/apiserver.key" --client-ca-file="$P/ca.crt" \
  --service-account-issuer=https://kubernetes.default.svc --service-account-signing-key-file="$P/sa.key" \
  --service-account-key-file="$P/sa.pub" --service-cluster-ip-range="$SERVICES" \
  --authorization-mode=Node,RBAC --enable-admission-plugins=NodeRestriction --allow-privileged \
  --kubelet-client-certificate="$P/admin.crt" --kubelet-client-key="$P/admin.key" \
  --kubelet-certificate-authority="$P/ca.crt" --kubelet-preferred-address-types=InternalIP \
  --profiling=false
# The rest exits while the API server is away; readyz first keeps the logs clean.
until curl -s --cacert "$P/ca.crt" --cert "$P/admin.crt" --key "$P/admin.key" "https://$NODE:6443/readyz" | grep -q ok; do sleep 0.1; done
keep kcm "$K8S_BIN/kube-controller-manager" --kubeconfig="$P/kcm.conf" --authentication-kubeconfig="$P/kcm.conf" \
  --authorization-kubeconfig="$P/kcm.conf" --service-account-private-key-file="$P/sa.key" --root-ca-file="$P/ca.crt" \
  --cluster-signing-cert-file="$P/ca.crt" --cluster-signing-key-file="$P/ca.key" --use-service-account-credentials \
  --cluster-cidr="$PODS" --allocate-node-cidrs=false --leader-elect=false \
  --node-monitor-grace-period=40s --node-monitor-period=1s
keep scheduler "$K8S_BIN/kube-scheduler" --kubeconfig="$P/sched.conf" --authentication-kubeconfig="$P/sched.conf" \
  --authorization-kubeconfig="$P/sched.conf" --leader-elect=false
keep kubelet "$K8S_BIN/kubelet" --config="$STATE/kubelet.yaml" --kubeconfig="$P/kubelet.conf" --hostname-override="$NAME" \
  --node-ip="$NODE" --root-dir=/var/lib/kubelet --cert-dir=/var/lib/kubelet/pki -v=2
keep proxy "$K8S_BIN/kube-proxy" --kubeconfig="$P/admin.conf" --hostname-override="$NAME" --proxy-mode="${PROXY_MODE:-nftables}" \
  --cluster-cidr="$PODS" --conntrack-max-per-core=0 --conntrack-tcp-timeout-established=0 --conntrack-tcp-timeout-close-wait=0
while :; do wait; sleep 1; done      # PID 1 must stay and reap
