import type { Id } from '#libs/domain';
import { insertAuditSql, listAuditSql, type AuditRow } from './audit.sql.js';
import { AFTER_ALL, ms, present, time, type PageRequest } from './row.js';
import type { Tx } from './statement.js';

/** Who did what to which thing; `before` and `after` never hold a secret's value. Time in UTC ms. */
export interface AuditEntry {
  id: Id<'aud'>;
  organizationId: string;
  time: number;
  actorId: string;
  onBehalfOf?: string;
  grantId?: string;
  /** The operation's name, e.g. `services.update`. */
  action: string;
  /** Id of the thing. */
  object: string;
  before?: Record<string, unknown>;
  after?: Record<string, unknown>;
  requestId: string;
}

/** Written in the transaction of the change it tells of. */
export async function insertAudit(tx: Tx, entry: AuditEntry): Promise<void> {
  await tx.run(insertAuditSql, [
    entry.id,
    entry.organizationId,
    time(entry.time),
    entry.actorId,
    entry.action,
    entry.object,
    entry.before === undefined ? null : JSON.stringify(entry.before),
    entry.after === undefined ? null : JSON.stringify(entry.after),
    entry.requestId,
    entry.onBehalfOf ?? null,
    entry.grantId ?? null,
  ]);
}

/** Newest first. */
export async function listAudit(tx: Tx, organizationId: string, page: PageRequest): Promise<AuditEntry[]> {
  return (await tx.run(listAuditSql, [organizationId, page.after ?? AFTER_ALL, page.limit])).map(
    toAuditEntry,
  );
}

function toAuditEntry(row: AuditRow): AuditEntry {
  return {
    id: row.id as Id<'aud'>,
    organizationId: row.organization_id,
    time: ms(row.time),
    actorId: row.actor_id,
    action: row.action,
    object: row.object,
    requestId: row.request_id,
    ...present({
      onBehalfOf: row.on_behalf_of,
      grantId: row.grant_id,
      before: row.before,
      after: row.after,
    }),
  };
}
