import type { CountedUsage, Interval, WindowCount } from '#libs/domain';
import { namesOfUsedSql, usedWindowsSql, type UsedWindowRow } from './billing-window.sql.js';
import { meteredOf } from './billing-window.store.js';
import { present } from './row.js';
import { sizeOf } from './revision-size.sql.js';
import type { Tx } from './statement.js';

/** A minute of one revision in one price zone, as billing counted it. */
export interface UsedWindow extends CountedUsage {
  startMs: number;
  projectId: string;
  project?: string;
  serviceId: string;
  service?: string;
  revisionId: string;
  revision?: string;
}

/** What a window is found by: it is unique within an organization. */
export interface WindowRef extends Pick<UsedWindow, 'startMs' | 'priceZone'> {
  /** Its revision; of what belongs to none its service. */
  of: string;
}

/** What a window is found by. */
export function refOfWindow({ startMs, revisionId, serviceId, priceZone }: UsedWindow): WindowRef {
  return { startMs, of: revisionId === '' ? serviceId : revisionId, priceZone };
}

/** Windows in the spans in which something of that was counted, by start, revision and zone, behind `after`. */
export async function listUsedWindows(
  tx: Tx,
  of: { organizationId: string; spans: readonly Interval[]; count: WindowCount },
  { after, limit }: { after?: WindowRef | undefined; limit: number },
): Promise<UsedWindow[]> {
  const from = of.spans.map(({ startMs }) => startMs);
  const to = of.spans.map(({ endMs }) => endMs);
  const { startMs = -1, of: ran = '', priceZone = '' } = after ?? {};
  const { of: counted, gpuClass = null, zones = null } = of.count;
  const values = [of.organizationId, from, to, counted, startMs, ran, priceZone, limit, gpuClass];
  return (await tx.run(usedWindowsSql, [...values, zones])).map(windowOf);
}

/** The same windows with the names of what ran: raw records have ids only. */
export async function withNames(
  tx: Tx,
  organizationId: string,
  windows: readonly UsedWindow[],
): Promise<UsedWindow[]> {
  const idsOf = (id: (window: UsedWindow) => string): string[] => [...new Set(windows.map(id))];
  const rows = await tx.run(namesOfUsedSql, [
    organizationId,
    idsOf(({ serviceId }) => serviceId),
    idsOf(({ revisionId }) => revisionId),
  ]);
  return windows.map((window) => {
    const ofService = rows.filter(({ service_id }) => service_id === window.serviceId);
    const revision = ofService.find(({ revision_id }) => revision_id === window.revisionId)?.revision ?? null;
    const { project = null, service = null } = ofService[0] ?? {};
    return { ...window, ...present({ project, service, revision }) };
  });
}

function windowOf(row: UsedWindowRow): UsedWindow {
  return {
    startMs: row.window_start_ms,
    projectId: row.project_id,
    serviceId: row.service_id,
    revisionId: row.revision_id ?? '',
    ...present({ project: row.project, service: row.service, revision: row.revision }),
    priceZone: row.price_zone,
    requests: BigInt(row.requests),
    blocks: BigInt(row.blocks),
    perRequestUnits: BigInt(row.per_request_units),
    responseBytes: BigInt(row.response_bytes),
    ...meteredOf(row.meters),
    ...sizeOf(row),
  };
}
