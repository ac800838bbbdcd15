import {
  ROUTES_BUCKET,
  ROUTES_MARK_KEY,
  buildKey,
  buildStatusSchema,
  buildTargetSchema,
  routeKey,
  routeSchema,
  routesMarkSchema,
  serviceKey,
  statusBucket,
  targetSchema,
  targetStatusSchema,
  targetsBucket,
  type TargetStatus,
} from '#libs/bus';
import type { Id, TargetReport } from '#libs/domain';
import type { ServiceRecords } from '#libs/store';
import type { Gateways, Images, Keys, Records } from './ports.js';
import type { Seen } from './seen.js';

/** Reads everything a pass decides on: rows, then what KV shows and reports. Writes nothing. */
export class Observer {
  constructor(
    private readonly records: Records,
    private readonly keys: Keys,
    private readonly gateways: Gateways,
    private readonly images: Images,
  ) {}

  /** Undefined when there is no such service or nothing of it is left. */
  async look(serviceId: string): Promise<Seen | undefined> {
    const records = await this.records.load(serviceId);
    if (!records || records.removedAt !== undefined) return undefined;
    const clusterIds = records.targets.map(({ target }) => target.clusterId);
    const hosts = [...new Set([...records.hosts, ...records.routes.map((route) => route.host)])];
    const { keys } = this;
    // All at once: a pass waits as long as for the slowest of them, not as for their sum.
    const [mark, reports, build, shownTargets, shownRoutes, held] = await Promise.all([
      keys.getKey(ROUTES_BUCKET, ROUTES_MARK_KEY, routesMarkSchema),
      found(clusterIds, (id) => this.report(id, serviceId)),
      this.build(records),
      found(clusterIds, (id) => keys.getKey(targetsBucket(id), serviceKey(serviceId), targetSchema)),
      found(hosts, (host) => keys.getKey(ROUTES_BUCKET, routeKey(host), routeSchema)),
      this.leaving(records),
    ]);
    return {
      ...(mark ? { routesMark: mark.value.id } : {}),
      records,
      reports,
      ...this.image(records),
      ...build,
      shownTargets,
      shownRoutes,
      gateways: this.gateways(),
      held,
    };
  }

  /**
   * The same with rows read after everything else: what is shown comes from rows, so rows that are still older than
   * it were put back.
   */
  async confirm(seen: Seen): Promise<Seen> {
    const records = await this.records.load(seen.records.service.id);
    return records ? { ...seen, records } : seen;
  }

  private async report(clusterId: string, serviceId: string): Promise<TargetReport | undefined> {
    const entry = await this.keys.getKey(statusBucket(clusterId), serviceKey(serviceId), targetStatusSchema);
    return entry && reportOf(entry.value);
  }

  private image(records: ServiceRecords): Pick<Seen, 'image'> {
    const image = this.images(records);
    return image === undefined ? {} : { image };
  }

  private async build({ build }: ServiceRecords): Promise<Pick<Seen, 'buildStatus' | 'shownBuild'>> {
    if (build?.clusterId === undefined || build.finishedAt !== undefined) return {};
    const key = buildKey(build.id);
    const [status, shown] = await Promise.all([
      this.keys.getKey(statusBucket(build.clusterId), key, buildStatusSchema),
      this.keys.getKey(targetsBucket(build.clusterId), key, buildTargetSchema),
    ]);
    return { ...(status ? { buildStatus: status.value } : {}), ...(shown ? { shownBuild: shown } : {}) };
  }

  private async leaving({ targets, placement }: ServiceRecords): Promise<Seen['held']> {
    const placed = placement?.clusterIds ?? [];
    const left = targets.filter(({ target }) => !placed.includes(target.clusterId) && !target.tombstone);
    const ids: Id<'cls'>[] = left.map(({ target }) => target.clusterId);
    return found(ids, (id) => this.records.held(id));
  }
}

/** Without what changes at every sending. */
function reportOf({ schemaVersion: _version, sentAt: _sentAt, ...report }: TargetStatus): TargetReport {
  return report;
}

async function found<K, V>(keys: readonly K[], read: (key: K) => Promise<V | undefined>): Promise<Map<K, V>> {
  const pairs = await Promise.all(keys.map(async (key) => [key, await read(key)] as const));
  return new Map(pairs.flatMap(([key, value]) => (value === undefined ? [] : [[key, value] as const])));
}
