#!/usr/bin/env python3
"""Write the manifests of Knative Serving, net-kourier and CoreDNS for one cluster.

    manifests.py OUTDIR --dns IP --serving V --kourier V --envoy V [--set CONFIGMAP:KEY=VALUE ...]

Everything comes from the Go module cache (no release YAML is downloaded). Four files, to be created in this order:
dns.yaml, crds.yaml, all.yaml, late.yaml. `--set` values land in the config maps before they are created, so no
component ever starts with other settings.
"""
import argparse
import glob
import os
import re
import subprocess

import yaml

# libyaml's parser is ten times faster than the pure Python one
LOADER = getattr(yaml, 'CSafeLoader', yaml.SafeLoader)
DUMPER = getattr(yaml, 'CSafeDumper', yaml.SafeDumper)

p = argparse.ArgumentParser()
p.add_argument('outdir')
p.add_argument('--dns', required=True)
p.add_argument('--serving', required=True)
p.add_argument('--kourier', required=True)
p.add_argument('--envoy', required=True)
p.add_argument('--set', action='append', default=[], metavar='CM:KEY=VALUE')
a = p.parse_args()

mod = subprocess.check_output(['go', 'env', 'GOMODCACHE'], text=True).strip() + '/knative.dev'
serving = f'{mod}/serving@{a.serving}'


def required(name):
    """Directory of the version of knative.dev/NAME that Serving's go.mod asks for."""
    gomod = open(f'{serving}/go.mod').read()
    return f'{mod}/{name}@' + re.search(rf'knative\.dev/{name} (\S+)', gomod).group(1)


def docs(path):
    text = open(path).read()
    text = re.sub(r'ko://knative\.dev/serving/cmd/(\w+)', rf'dev.local/knative/\1:{a.serving}', text)
    text = text.replace('ko://knative.dev/net-kourier/cmd/kourier', f'dev.local/kourier:{a.kourier}')
    text = re.sub(r'docker\.io/envoyproxy/envoy:\S+', f'dev.local/envoy:{a.envoy}', text)
    return [d for d in yaml.load_all(text, LOADER) if d]


# modules knative.dev/networking and caching hold CRDs that Serving only links to
net, cache = required('networking'), required('caching')
files = sorted(glob.glob(f'{serving}/config/core/**/*.yaml', recursive=True))
files += sorted(glob.glob(f'{net}/config/*.yaml')) + sorted(glob.glob(f'{cache}/config/*.yaml'))
files += sorted(glob.glob(f'{mod}/net-kourier@{a.kourier}/config/*.yaml'))
seen, crds, rest = set(), [], []
for f in files:
    if not os.path.exists(f):
        continue                    # a dangling link in the module zip
    for d in docs(f):
        key = (d['kind'], d['metadata'].get('namespace'), d['metadata']['name'])
        if key in seen or d['kind'] == 'HorizontalPodAutoscaler':
            continue
        seen.add(key)
        (crds if d['kind'] == 'CustomResourceDefinition' else rest).append(d)

# upstream probes each 5-10 s, the gateway only after 10 s: half of the boot time
for d in rest:
    if d['kind'] == 'Deployment':
        for c in d['spec']['template']['spec']['containers']:
            if 'readinessProbe' in c:
                c['readinessProbe'].update(initialDelaySeconds=0, periodSeconds=1)
        # gpu.sh taints the only real node; restarted system pods must still fit on it
        d['spec']['template']['spec']['tolerations'] = [{'key': 'nvidia.com/gpu', 'operator': 'Exists'}]

settings = [f'config-deployment:queue-sidecar-image=dev.local/knative/queue:{a.serving}',
            'config-deployment:registries-skipping-tag-resolving=dev.local,localhost',
            'config-network:ingress-class=kourier.ingress.networking.knative.dev',
            # read by activator and autoscaler when they start; why: the condition Addressing of a cluster
            'config-network:mesh-compatibility-mode=disabled',
            'config-domain:apps.example.test=']
for s in settings + a.set:
    cm, kv = s.split(':', 1)
    k, v = kv.split('=', 1)
    obj = next(d for d in rest if d['kind'] == 'ConfigMap' and d['metadata']['name'] == cm)
    obj.setdefault('data', {})[k] = v

coredns = f"""
kind: ServiceAccount
apiVersion: v1
metadata: {{name: coredns, namespace: kube-system}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {{name: system:coredns}}
rules:
- {{apiGroups: [""], resources: [endpoints, services, pods, namespaces], verbs: [list, watch]}}
- {{apiGroups: [discovery.k8s.io], resources: [endpointslices], verbs: [list, watch]}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {{name: system:coredns}}
roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: system:coredns}}
subjects: [{{kind: ServiceAccount, name: coredns, namespace: kube-system}}]
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: coredns, namespace: kube-system}}
data:
  Corefile: |
    .:5353 {{
      errors
      ready
      kubernetes cluster.local in-addr.arpa ip6.arpa {{
        pods insecure
        ttl 5
      }}
      cache 5
    }}
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: coredns, namespace: kube-system}}
spec:
  selector: {{matchLabels: {{k8s-app: kube-dns}}}}
  template:
    metadata: {{labels: {{k8s-app: kube-dns}}}}
    spec:
      serviceAccountName: coredns
      dnsPolicy: Default
      tolerations: [{{key: nvidia.com/gpu, operator: Exists}}]
      containers:
      - name: coredns
        image: dev.local/coredns:local
        args: [-conf, /etc/coredns/Corefile]
        readinessProbe: {{httpGet: {{path: /ready, port: 8181}}, periodSeconds: 1}}
        volumeMounts: [{{name: c, mountPath: /etc/coredns}}]
      volumes: [{{name: c, configMap: {{name: coredns}}}}]
---
apiVersion: v1
kind: Service
metadata: {{name: kube-dns, namespace: kube-system}}
spec:
  clusterIP: {a.dns}
  selector: {{k8s-app: kube-dns}}
  ports:
  - {{name: dns, port: 53, protocol: UDP, targetPort: 5353}}
  - {{name: dns-tcp, port: 53, protocol: TCP, targetPort: 5353}}
"""
order = {'Namespace': 0, 'ServiceAccount': 1, 'ClusterRole': 1, 'ClusterRoleBinding': 1, 'ConfigMap': 2,
         'Secret': 2, 'Service': 3, 'Deployment': 4}
rest.sort(key=lambda d: order.get(d['kind'], 5))
# envoy's reconnect backoff grows to tens of seconds: start it after its controller
late = [d for d in rest if d['kind'] == 'Deployment' and d['metadata']['name'] == '3scale-kourier-gateway']
rest = [d for d in rest if d not in late]
os.makedirs(a.outdir, exist_ok=True)
for name, items in (('dns', list(yaml.load_all(coredns, LOADER))), ('crds', crds), ('all', rest), ('late', late)):
    with open(f'{a.outdir}/{name}.yaml', 'w') as o:
        yaml.dump_all(items, o, DUMPER, sort_keys=False)
print(len(crds), 'CRDs,', len(rest), 'objects')
