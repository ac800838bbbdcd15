import { isServing, type Actor, type ApiKey, type OrganizationStatus } from '#libs/domain';
import {
  findKeyByHashSql,
  findKeySql,
  insertKeySql,
  listKeysSql,
  lockOwnerKeysSql,
  revokeKeySql,
  touchKeySql,
  type KeyRow,
} from './key.sql.js';
import { ms, present, time, type PageRequest } from './row.js';
import type { Tx } from './statement.js';

/** What the look-up of a credential gives: who acts, and what limits it. Times in UTC ms. */
export interface FoundKey {
  actor: Actor;
  expiresAt?: number;
  revokedAt?: number;
  organizationStatus: OrganizationStatus;
}

/** Stores a key by the SHA-256 of its text; the text itself is stored nowhere. */
export async function insertKey(
  tx: Tx,
  key: Omit<ApiKey, 'revokedAt' | 'lastUsedAt'>,
  hash: Uint8Array,
  createdBy: string,
): Promise<ApiKey> {
  const row = await tx.one(insertKeySql, [
    key.id,
    key.organizationId,
    key.name,
    hash,
    key.preview,
    key.role,
    key.projectId ?? null,
    key.platformOperator,
    createdBy,
    time(key.createdAt),
    time(key.expiresAt),
  ]);
  return toKey(row as KeyRow);
}

export async function findKey(tx: Tx, organizationId: string, id: string): Promise<ApiKey | undefined> {
  const row = await tx.one(findKeySql, [organizationId, id]);
  return row && toKey(row);
}

/** Oldest first, revoked ones too; `only` narrows to the keys of one project. */
export async function listKeys(
  tx: Tx,
  organizationId: string,
  page: PageRequest,
  only?: string,
): Promise<ApiKey[]> {
  const rows = await tx.run(listKeysSql, [organizationId, page.after ?? '', page.limit, only ?? null]);
  return rows.map(toKey);
}

/** Ends a key; a key that was revoked before keeps its time. */
export async function revokeKey(tx: Tx, organizationId: string, id: string, now: number): Promise<ApiKey> {
  return toKey((await tx.one(revokeKeySql, [organizationId, id, time(now)])) as KeyRow);
}

/** Ids of the owners' keys that work now, locked until the transaction ends. */
export async function lockOwnerKeys(tx: Tx, organizationId: string, now: number): Promise<string[]> {
  return (await tx.run(lockOwnerKeysSql, [organizationId, time(now)])).map((row) => row.id);
}

/** Notes that a key was used; needs the tenant's transaction. */
export async function touchKey(tx: Tx, organizationId: string, id: string, now: number): Promise<void> {
  await tx.run(touchKeySql, [organizationId, id, time(now)]);
}

/** Looks a credential up before its tenant is known; `hash` is the SHA-256 of the key's text. */
export async function findKeyByHash(tx: Tx, hash: Uint8Array): Promise<FoundKey | undefined> {
  const row = await tx.one(findKeyByHashSql, [hash]);
  if (!row) return undefined;
  const { expires_at: expires, revoked_at: revoked } = row;
  return {
    actor: {
      id: row.id,
      organizationId: row.organization_id,
      role: row.role,
      platformOperator: row.platform_operator,
      ...present({ projectId: row.project_id }),
      ...(row.grant_id === null ? {} : { grant: { id: row.grant_id, operatorId: row.granted_to ?? '' } }),
      ...(isServing(row.organization_status) ? {} : { readsOnly: true as const }),
    },
    organizationStatus: row.organization_status,
    ...(expires ? { expiresAt: ms(expires) } : {}),
    ...(revoked ? { revokedAt: ms(revoked) } : {}),
  };
}

function toKey(row: KeyRow): ApiKey {
  return {
    id: row.id,
    organizationId: row.organization_id,
    name: row.name,
    role: row.role,
    platformOperator: row.platform_operator,
    preview: row.preview,
    createdAt: ms(row.created_at),
    ...present({
      projectId: row.project_id,
      expiresAt: row.expires_at?.getTime(),
      revokedAt: row.revoked_at?.getTime(),
      lastUsedAt: row.last_used_at?.getTime(),
    }),
  };
}
