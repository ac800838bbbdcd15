import type { OperatorGrant } from '#libs/domain';
import { findGrantSql, listGrantsSql, makeGrantSql, type GrantRow } from './grant.sql.js';
import { AFTER_ALL, ms, present, type PageRequest } from './row.js';
import type { Tx } from './statement.js';

/** Makes a key of the organization that ends by itself a grant. */
export async function makeGrant(
  tx: Tx,
  grant: Pick<OperatorGrant, 'id' | 'organizationId' | 'operatorId' | 'reason'> & { keyId: string },
): Promise<OperatorGrant> {
  const { id, organizationId, keyId, operatorId, reason } = grant;
  return toGrant((await tx.one(makeGrantSql, [organizationId, keyId, id, operatorId, reason])) as GrantRow);
}

export async function findGrant(
  tx: Tx,
  organizationId: string,
  id: string,
): Promise<OperatorGrant | undefined> {
  const row = await tx.one(findGrantSql, [organizationId, id]);
  return row && toGrant(row);
}

/** Newest first, ended ones too. */
export async function listGrants(
  tx: Tx,
  organizationId: string,
  page: PageRequest,
): Promise<OperatorGrant[]> {
  return (await tx.run(listGrantsSql, [organizationId, page.after ?? AFTER_ALL, page.limit])).map(toGrant);
}

function toGrant(row: GrantRow): OperatorGrant {
  return {
    id: row.grant_id,
    organizationId: row.organization_id,
    keyId: row.id,
    operatorId: row.granted_to,
    role: row.role,
    reason: row.grant_reason,
    createdAt: ms(row.created_at),
    expiresAt: ms(row.expires_at),
    ...present({ endedAt: row.revoked_at?.getTime() }),
  };
}
