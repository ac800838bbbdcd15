import { TowpathError } from '#libs/domain';
import type { Secret } from '#libs/domain';
import { isUniqueViolation } from './database.js';
import { ms, time, type PageRequest } from './row.js';
import { seal, secretBinding, type DataKey } from './sealing.js';
import {
  deleteSecretSql,
  eraseSecretVersionsSql,
  findSecretSql,
  findSecretUsersSql,
  insertSecretSql,
  insertSecretVersionSql,
  listSecretsSql,
  lockSecretSql,
  newestSecretVersionSql,
  type SecretRow,
} from './secret.sql.js';
import type { Tx } from './statement.js';

/** @throws TowpathError ALREADY_EXISTS when the project has a secret of that name */
export async function insertSecret(
  tx: Tx,
  secret: Pick<Secret, 'id' | 'organizationId' | 'projectId' | 'name' | 'createdAt'>,
): Promise<void> {
  const { id, organizationId, projectId, name, createdAt } = secret;
  try {
    await tx.run(insertSecretSql, [id, organizationId, projectId, name, time(createdAt)]);
  } catch (error) {
    if (!isUniqueViolation(error, 'secrets_name_live')) throw error;
    throw new TowpathError('ALREADY_EXISTS', `A secret named "${name}" exists.`, {
      violations: [{ field: 'name', message: 'is taken' }],
      nextStep: 'Add a version to it, or choose another name.',
    });
  }
}

/**
 * Seals a value as the secret's next version.
 * @returns its number, or undefined when the secret is gone
 */
export async function insertSecretVersion(
  tx: Tx,
  secret: Pick<Secret, 'id' | 'organizationId'>,
  value: Uint8Array,
  dataKey: DataKey,
  now: number,
): Promise<number | undefined> {
  const { id, organizationId } = secret;
  const locked = await tx.one(lockSecretSql, [organizationId, id]);
  if (!locked) return undefined;
  const newest = await tx.one(newestSecretVersionSql, [organizationId, id]);
  const number = (newest?.newest ?? 0) + 1;
  const sealed = seal(dataKey.key, secretBinding(organizationId, id, number), value);
  await tx.run(insertSecretVersionSql, [organizationId, id, number, dataKey.id, sealed, time(now)]);
  return number;
}

/** By name or id inside a project; by id alone when no project is given. Never with a value. */
export async function findSecret(
  tx: Tx,
  organizationId: string,
  projectId: string | undefined,
  ref: string,
): Promise<Secret | undefined> {
  const row = await tx.one(findSecretSql, [organizationId, projectId ?? null, ref]);
  return row && toSecret(row);
}

/** Oldest first. */
export async function listSecrets(
  tx: Tx,
  organizationId: string,
  projectId: string,
  page: PageRequest,
): Promise<Secret[]> {
  return (await tx.run(listSecretsSql, [organizationId, projectId, page.after ?? '', page.limit])).map(
    toSecret,
  );
}

/** Names of live services (at most 5) that still need the secret. */
export async function findSecretUsers(tx: Tx, secret: Secret): Promise<string[]> {
  const { organizationId, projectId, id, name } = secret;
  return (await tx.run(findSecretUsersSql, [organizationId, projectId, id, name])).map((row) => row.name);
}

/** Erases the values at once; the row stays as a mark that the id was taken. */
export async function deleteSecret(tx: Tx, organizationId: string, id: string, now: number): Promise<void> {
  await tx.run(eraseSecretVersionsSql, [organizationId, id]);
  await tx.run(deleteSecretSql, [organizationId, id, time(now)]);
}

function toSecret(row: SecretRow): Secret {
  const { id, name, version } = row;
  return {
    id,
    organizationId: row.organization_id,
    projectId: row.project_id,
    name,
    versions: row.versions.map(({ number, createdAt }) => ({ number, createdAt: Date.parse(createdAt) })),
    createdAt: ms(row.created_at),
    version,
  };
}
