import { Api, type Problem } from './api.js';
import type { ClusterJson } from './faces.js';
import { Lanes, WHERE_SOURCE, type Where } from './lanes.js';
import { Tenant } from './tenant.js';
import { tow } from './tow.js';
import { until } from './until.js';

/** A cluster that is to be emptied under load. */
export interface Emptying {
  /** Its name, and that of its region. */
  cluster: string;
  /** Which cluster gave an answer; the local runtime's when absent. */
  clusterOf?: (where: Where) => string | undefined;
  /** What that says of this cluster. */
  answersAs: string;
  /** What is moved while it is asked, by name. */
  services: readonly string[];
}

/**
 * Services leave a cluster that is drained without a failed request; what may be nowhere else waits, and it is told why; nobody
 * can remove the cluster before that has left too. Then it is removed.
 * @returns how that went, for people
 */
export async function emptyAndRemove(
  tenant: Tenant,
  { cluster, clusterOf, answersAs, services }: Emptying,
): Promise<string> {
  const operator = new Api(tenant.platform.apiUrl, tenant.platform.operatorKey);
  const asOperator = Object.assign(Object.create(tenant) as Tenant, { api: operator });
  const at = `/v1/clusters/${cluster}`;
  const there = { source: WHERE_SOURCE, service: { regions: [cluster] } };
  await Promise.all([...services, 'stays'].map((service) => tenant.mustDeploy(service, there)));
  // wherever there is room: they stay where they are, until somebody moves them
  const free = async (service: string): Promise<void> => {
    const freed = await tenant.api.change('PATCH', tenant.at(service), { regions: null });
    expect(freed.status).toBe('succeeded');
  };
  await Promise.all(services.map(free));
  const lanes = new Lanes(tenant, clusterOf);
  try {
    for (const service of services) for (const method of ['GET', 'POST']) lanes.add(service, method, 200);
    const answering = (since: number, service: string): string[] => [
      ...lanes.clustersSince(since, service).keys(),
    ];
    await until('load on all', 60_000, async () =>
      Promise.resolve(services.every((service) => answering(0, service).includes(answersAs))),
    );
    const early = await operator.request<Problem>('DELETE', at);
    expect([early.status, early.body.code]).toEqual([409, 'FAILED_PRECONDITION']);
    const began = Date.now();
    await operator.ok('POST', `${at}/drain`, {});
    await onlyWaits(operator, at, (await tenant.service('stays')).id);
    const movedMs = Date.now() - began;
    const still = await operator.request<Problem>('DELETE', at);
    expect([still.status, still.body.detail]).toEqual([
      409,
      expect.stringContaining('still holds 1 service.'),
    ]);
    await free('stays');
    const { code, stdout, stderr } = await tow(asOperator, 'clusters', 'drain', cluster);
    expect([code, stdout]).toEqual([0, expect.stringContaining(cluster) as string]);
    const all = services.length + 1;
    expect(stderr).toContain(`${all} of ${all} moved, 0 left`);
    const after = Date.now();
    await until('load elsewhere', 60_000, async () =>
      Promise.resolve(services.every((service) => answering(after, service).length > 0)),
    );
    await lanes.stop();
    expect(lanes.failed).toEqual([]);
    for (const service of services) expect(answering(after, service)).not.toContain(answersAs);
    expect((await tow(asOperator, 'clusters', 'remove', cluster)).code).toBe(0);
    expect((await operator.request('GET', at)).status).toBe(404);
    return `${all} services left a cluster (${services.length} of them in ${movedMs} ms): ${lanes.requests.length} requests, 0 failed`;
  } finally {
    await lanes.stop();
  }
}

/** Resolves when nothing is left there but a service that may be nowhere else, and that is told. */
async function onlyWaits(operator: Api, at: string, service: string): Promise<void> {
  const look = async (): Promise<ClusterJson['drain']> => (await operator.ok<ClusterJson>('GET', at)).drain;
  const drain = await until('only one is left', 120_000, async () => {
    const now = await look();
    return now?.left === 1 && now.waiting?.[0]?.reason !== undefined && now;
  });
  expect(drain.waiting).toEqual([{ service, reason: 'an operator drains it, and no other cluster fits' }]);
}
