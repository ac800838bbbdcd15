import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { NotBillableReason, QuarantineReason, UsageRecord } from '#libs/domain';
import { from as copyFrom } from 'pg-copy-streams';
import { keyOf, markDirty } from './billing-window.store.js';
import { time } from './row.js';
import type { LeasedTx } from './lease.store.js';
import type { Tx } from './statement.js';
import {
  COPY_STAGING,
  bindProducersSql,
  conflictsSql,
  meteredClustersSql,
  meteredRevisionsSql,
  meteredServicesSql,
  nextPositionSql,
  producerOwnersSql,
  growQuarantinedSql,
  quarantineSql,
  stagingSql,
  storeSql,
} from './usage.sql.js';

const LINES_PER_PART = 500;

/** A usage record with what the domain decided about it. */
export interface CheckedUsage {
  record: UsageRecord;
  priceZone: string;
  /** Why it costs nothing; undefined when billable. */
  reason: NotBillableReason | undefined;
}

export interface StoredUsage {
  /** Records that were not there before. */
  stored: number;
  /** Records whose identity was there with other content: not stored. */
  conflicts: UsageRecord[];
}

/**
 * The next position of the intake, for what this transaction stores; positions end in their order. `streamSequence` is
 * the highest message of the stream that it takes in.
 */
export async function nextPosition(tx: LeasedTx, streamSequence: number, now: number): Promise<number> {
  const row = await tx.one(nextPositionSql, [streamSequence, time(now)]);
  if (!row) throw new Error('the position of the intake is not there');
  return row.position;
}

/** Brings a batch to the server and stores nothing of it yet: this waits for no other transaction. */
export async function stageUsage(tx: LeasedTx, batch: readonly CheckedUsage[]): Promise<void> {
  if (batch.length === 0) return;
  await tx.run(stagingSql);
  await copy(tx, COPY_STAGING, batch);
}

/**
 * Stores what was staged in the caller's transaction once by (producer, position) and marks every window it touches: INSERT
 * ... ON CONFLICT DO NOTHING. Again or in other batches, it changes nothing. @param batch what was staged
 */
export async function storeStaged(
  tx: LeasedTx,
  batch: readonly CheckedUsage[],
  position: number,
): Promise<StoredUsage> {
  if (batch.length === 0) return { stored: 0, conflicts: [] };
  const rows = await tx.run(storeSql, [position, batch.length]);
  const touched = rows.filter((row) => row.ordinal === null);
  await markDirty(tx, touched.map(keyOf));
  const stored = touched.reduce((sum, { records }) => sum + records, 0);
  const repeated = rows.flatMap(({ ordinal }) => ordinal ?? []);
  if (stored === batch.length) return { stored, conflicts: [] };
  // what is repeated within the batch was not there before
  const suspects = stored + repeated.length === batch.length ? repeated : [...batch.keys()];
  const conflicts = await tx.run(conflictsSql, [suspects]);
  return { stored, conflicts: conflicts.flatMap(({ ordinal }) => batch[ordinal]?.record ?? []) };
}

/** Both at once. */
export async function storeUsage(
  tx: LeasedTx,
  batch: readonly CheckedUsage[],
  position: number,
): Promise<StoredUsage> {
  await stageUsage(tx, batch);
  return storeStaged(tx, batch, position);
}

/** How far a producer's records reach: in its spool, and in time by its gateway's clock. */
export interface Reach {
  position: number;
  endMs: number;
}

/**
 * Binds producers to the gateway that sends (the first one keeps it) and moves their watermarks.
 * @returns the gateway each producer belongs to
 */
export async function bindProducers(
  tx: LeasedTx,
  gatewayId: string,
  highest: ReadonlyMap<string, Reach>,
  now: number,
): Promise<Map<string, string>> {
  if (highest.size === 0) return new Map();
  const rows = await tx.run(bindProducersSql, [
    [...highest.keys()],
    gatewayId,
    [...highest.values()].map(({ position }) => position),
    [...highest.values()].map(({ endMs }) => endMs),
    time(now),
  ]);
  return new Map(rows.map((row) => [row.producer, row.gateway_id]));
}

/** What may not be billed before a person has looked at it. */
export interface QuarantinedUsage {
  producer: string;
  position: number;
  reason: QuarantineReason;
  /** The record as it came. */
  body: unknown;
  /** Of what comes again as it grows: what it is told apart by (else that is the body), and how far it has come. */
  grows?: { sameAs: unknown; to: number };
}

/** Keeps what was refused, once per content; of what grows the longest, also after a release. Returns how many are new. */
export async function quarantineUsage(
  tx: LeasedTx,
  list: readonly QuarantinedUsage[],
  now: number,
): Promise<number> {
  if (list.length === 0) return 0;
  const longest = new Map<string, QuarantinedUsage & { digest: string }>();
  for (const one of list) {
    const told = storableJson(one.grows ? one.grows.sameAs : one.body);
    const digest = createHash('sha256').update(told).digest('hex');
    const identity = JSON.stringify([one.producer, one.position, one.reason, digest]);
    const before = longest.get(identity);
    if (!before || extentOf(before) < extentOf(one)) longest.set(identity, { ...one, digest });
  }
  const kept = [...longest.values()];
  const rows = await tx.run(quarantineSql, columnsOf(kept).toSpliced(5, 0, time(now)));
  const growing = kept.filter(({ grows }) => grows);
  if (growing.length > 0) await tx.run(growQuarantinedSql, columnsOf(growing));
  return rows.length;
}

function columnsOf(list: readonly (QuarantinedUsage & { digest: string })[]): unknown[] {
  return [
    list.map(({ producer }) => producer),
    list.map(({ position }) => position),
    list.map(({ reason }) => reason),
    list.map(({ digest }) => digest),
    list.map(({ body }) => storableJson(body)),
    list.map(extentOf),
  ];
}

const extentOf = ({ grows }: QuarantinedUsage): number => grows?.to ?? 0;

/** A service as metering needs it. */
export interface MeteredService {
  organizationId: string;
  projectId: string;
}

/** An immutable revision as metering and billing need it. */
export interface MeteredRevision {
  organizationId: string;
  serviceId: string;
  concurrency: number;
  maxInstances: number;
  timeoutSeconds: number;
}

/** The gateway that each producer belongs to; one that is not bound yet is not among them. */
export async function findProducerOwners(tx: Tx, producers: readonly string[]): Promise<Map<string, string>> {
  const rows = producers.length === 0 ? [] : await tx.run(producerOwnersSql, [producers]);
  return new Map(rows.map((row) => [row.producer, row.gateway_id]));
}

/** Services by id, deleted ones too: their last requests are still to be billed. */
export async function findMeteredServices(
  tx: Tx,
  ids: readonly string[],
): Promise<Map<string, MeteredService>> {
  const rows = ids.length === 0 ? [] : await tx.run(meteredServicesSql, [ids]);
  return new Map(
    rows.map((row) => [row.id, { organizationId: row.organization_id, projectId: row.project_id }]),
  );
}

/** Regions of clusters, also of removed ones, by id. */
export async function findClusterRegions(tx: Tx, ids: readonly string[]): Promise<Map<string, string>> {
  const rows = ids.length === 0 ? [] : await tx.run(meteredClustersSql, [ids]);
  return new Map(rows.map(({ id, region }) => [id, region]));
}

/** Revisions by id. */
export async function findMeteredRevisions(
  tx: Tx,
  ids: readonly string[],
): Promise<Map<string, MeteredRevision>> {
  const rows = ids.length === 0 ? [] : await tx.run(meteredRevisionsSql, [ids]);
  return new Map(
    rows.map((row) => [
      row.id,
      {
        organizationId: row.organization_id,
        serviceId: row.service_id,
        concurrency: row.concurrency,
        maxInstances: row.max_instances,
        timeoutSeconds: row.timeout_seconds,
      },
    ]),
  );
}

/** Part by part: the server works on one while the next is written. */
async function copy(tx: Tx, sql: string, batch: readonly CheckedUsage[]): Promise<void> {
  const parts = function* (): Generator<string> {
    for (let at = 0; at < batch.length; at += LINES_PER_PART)
      yield batch
        .slice(at, at + LINES_PER_PART)
        .map((one, index) => copyLine(one, at + index))
        .join('');
  };
  await pipeline(Readable.from(parts()), tx.client.query(copyFrom(sql)));
}

/** One line of PostgreSQL's COPY text format, in the order of the columns. */
function copyLine({ record: r, priceZone, reason }: CheckedUsage, ordinal: number): string {
  const ids = `${r.organizationId}\t${r.projectId}\t${r.serviceId}\t${r.revisionId ?? '\\N'}\t${r.clusterId ?? '\\N'}`;
  const place = `${r.gatewayId}\t${escape(r.region)}\t${escape(r.streamId)}\t${r.part}\t${r.last}`;
  const sizes = `${r.startMs}\t${r.endMs}\t${r.requestBytes}\t${r.responseBytes}`;
  const answer = `${r.status}\t${escape(r.flags)}\t${r.reached}\t${r.attempts}`;
  const derived = `${escape(priceZone)}\t${reason === undefined}\t${reason ?? '\\N'}\t${ordinal}`;
  return `${r.producer}\t${r.position}\t${ids}\t${place}\t${sizes}\t${answer}\t${derived}\n`;
}

// Texts are printable ASCII by then (the domain quarantines others); only the backslash means something to COPY.
function escape(text: string): string {
  return text.replaceAll('\\', '\\\\');
}

/** jsonb holds neither NUL nor half a surrogate pair: such a body is kept as base64. */
function storableJson(body: unknown): string {
  const text = JSON.stringify(body) ?? 'null';
  if (!/\\u(0000|d[89a-f])/i.test(text)) return text;
  return JSON.stringify({ base64: Buffer.from(text).toString('base64') });
}
