import type { Id, Placement, Route, Service, Target, TargetReport } from '#libs/domain';
import {
  countHeldSql,
  findPlacementSql,
  listClusterServicesSql,
  listRoutesSql,
  listTargetsSql,
  savePlacementSql,
  saveRouteSql,
  saveTargetSql,
} from './placement.sql.js';
import { ms, present, time } from './row.js';
import type { Tx } from './statement.js';

type Ref = Pick<Service, 'organizationId' | 'id'>;

/** A target and what its cluster last reported about it. */
export interface TargetRecord {
  target: Target;
  report?: TargetReport;
}

/** The row holds something newer than what was to be written: read again. */
export class StaleWrite extends Error {
  constructor(what: string) {
    super(`${what} changed since it was read`);
    this.name = 'StaleWrite';
  }
}

export async function findPlacement(tx: Tx, { organizationId, id }: Ref): Promise<Placement | undefined> {
  const row = await tx.one(findPlacementSql, [organizationId, id]);
  if (!row) return undefined;
  return {
    serviceId: row.service_id,
    clusterIds: row.cluster_ids,
    reasons: row.reasons,
    decidedAt: ms(row.decided_at),
  };
}

export async function savePlacement(tx: Tx, organizationId: string, placement: Placement): Promise<void> {
  const { serviceId, clusterIds, reasons, decidedAt } = placement;
  const values = [
    organizationId,
    serviceId,
    JSON.stringify(clusterIds),
    JSON.stringify(reasons),
    time(decidedAt),
  ];
  await tx.run(savePlacementSql, values);
}

export async function listTargets(tx: Tx, { organizationId, id }: Ref): Promise<TargetRecord[]> {
  const rows = await tx.run(listTargetsSql, [organizationId, id]);
  return rows.map(({ body, observed }) => ({ target: body, ...present({ report: observed }) }));
}

/** @throws StaleWrite when the row has a higher (epoch, generation) */
export async function saveTarget(tx: Tx, { target, report }: TargetRecord, now: number): Promise<void> {
  const saved = await tx.one(saveTargetSql, [
    target.organizationId,
    target.service.id,
    target.clusterId,
    target.generation,
    target.epoch,
    JSON.stringify(target),
    report ? JSON.stringify(report) : null,
    time(now),
  ]);
  if (!saved) throw new StaleWrite(`the target of ${target.service.id} in ${target.clusterId}`);
}

/** Ids of the services a cluster holds or should drop. */
export async function listClusterServices(tx: Tx, clusterId: string): Promise<string[]> {
  return (await tx.run(listClusterServicesSql, [clusterId])).map((row) => row.service_id);
}

/** How many services a cluster holds, and how many of them it is losing by Towpath's own decision. */
export async function countHeld(tx: Tx, clusterId: Id<'cls'>): Promise<{ held: number; removing: number }> {
  return (await tx.one(countHeldSql, [clusterId])) ?? { held: 0, removing: 0 };
}

/** The service's routes, deleted ones too, and whatever stands at these hosts. */
export async function listRoutes(
  tx: Tx,
  { organizationId, id }: Ref,
  hosts: readonly string[],
): Promise<Route[]> {
  return (await tx.run(listRoutesSql, [organizationId, id, hosts])).map((row) => row.body);
}

/** @throws StaleWrite when the row has this version or a higher one, or belongs to another service */
export async function saveRoute(tx: Tx, route: Route, now: number): Promise<void> {
  const { host, organizationId, serviceId, version } = route;
  const values = [host, organizationId, serviceId, version, JSON.stringify(route), time(now)];
  if (!(await tx.one(saveRouteSql, values))) throw new StaleWrite(`the route of ${host}`);
}
