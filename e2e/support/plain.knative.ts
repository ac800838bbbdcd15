import { readFileSync } from 'node:fs';
import { clusterMarks } from './cluster.marks.js';
import { callHost } from './gateway.js';
import { clusterUnderTest, forwarded, kubectlOf, type RealCluster } from './kubectl.js';
import type { Tenant } from './tenant.js';
import { tow } from './tow.js';
import { until } from './until.js';

const DOOR = 'towpath-door';
const PROGRAM = `process.on('SIGTERM', () => process.exit()),
  require('node:http').createServer((_q, r) => r.end('plain')).listen(process.env.PORT)`;

/** Takes all that Towpath made out of a cluster, as an operator may whose cluster left; its agent's account stays, and Knative's settings. */
export async function withoutTowpath(cluster: RealCluster): Promise<void> {
  await kubectlOf(cluster, 'delete', 'namespaces', '-l', 'towpath.dev/cluster', '--timeout=120s');
  await kubectlOf(cluster, 'delete', 'networkpolicy', DOOR, '-n', 'kourier-system');
  for (const kind of ['deployment', 'service', 'secret'])
    await kubectlOf(cluster, 'delete', kind, DOOR, '-n', 'towpath-system');
  expect(Object.keys(await clusterMarks(cluster))).toEqual(['Namespace /towpath-system']);
}

/** Deploys an image; resolves when the service is exported to the file: plain Knative that names what else it needs. */
export async function exportPlain(tenant: Tenant, service: string, file: string): Promise<void> {
  const { registry } = clusterUnderTest();
  const value = `${registry.username}:${registry.password}`;
  await tenant.api.ok('POST', `/v1/projects/${tenant.project}/secrets`, { name: 'registry', value });
  const made = await tow(
    ...[tenant, 'deploy', service, '--image', `${registry.address}/runtime/node:local`, '--pull-secret'],
    ...['registry:latest', '--command', `^;^node;-e;${PROGRAM}`, '--allow-unauthenticated'],
    // without Towpath the whole limit is reserved, and the node is small
    ...['--cpu', '100m', '--memory', '128Mi'],
  );
  expect([made.code, made.stderr]).toEqual([0, expect.any(String)]);
  expect(await tow(tenant, 'export', service, '--output', file)).toMatchObject({ code: 0 });
  const manifest = readFileSync(file, 'utf8');
  expect(manifest).not.toMatch(/towpath/i);
  expect(manifest).toContain('# needs the Secret registry of type kubernetes.io/dockerconfigjson');
}

/** Resolves when the exported service answers in the cluster, by the cluster's own ingress. */
export async function servesPlain(
  cluster: RealCluster,
  { project: namespace }: Tenant,
  service: string,
  file: string,
): Promise<void> {
  const { registry } = clusterUnderTest();
  await kubectlOf(cluster, 'create', 'namespace', namespace);
  try {
    await kubectlOf(
      ...[cluster, 'create', 'secret', 'docker-registry', 'registry', '-n', namespace],
      ...['--docker-server', registry.address, '--docker-username', registry.username],
      ...['--docker-password', registry.password],
    );
    await kubectlOf(cluster, 'apply', '-n', namespace, '-f', file);
    const route = ['services.serving.knative.dev', service, '-n', namespace, '-o', 'jsonpath={.status.url}'];
    const url = await until('Knative to know its host', 60_000, () =>
      kubectlOf(cluster, 'get', ...route).then((text) => text || undefined),
    );
    const ask = (port: number): Promise<unknown> =>
      until('an answer of the ingress', 120_000, async () => {
        const { status, text } = await callHost(port, new URL(url).host, '/', { timeoutMs: 10_000 });
        if (status !== 200) throw new Error(`${status} ${text}`);
        expect(text).toBe('plain');
        return true;
      });
    await forwarded('kourier-system', 'service/kourier', 80, ask, cluster);
  } finally {
    // a namespace takes a minute to come to it
    await kubectlOf(cluster, 'delete', '-n', namespace, '-f', file, '--wait=false');
    await kubectlOf(cluster, 'delete', 'namespace', namespace, '--wait=false');
  }
}
