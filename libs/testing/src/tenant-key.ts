import { createHash } from 'node:crypto';
import { API_KEY_BYTES, apiKeyPreview, formatApiKey, newId, type Id, type Random } from '#libs/domain';

type Query = (sql: string, values?: readonly unknown[]) => Promise<unknown>;

/** Writes an owner's key of the organization and gives its text; `query` runs as the owner of the database. */
export async function makeTenantKey(
  query: Query,
  random: Random,
  organizationId: Id<'org'>,
  { platformOperator = false } = {},
): Promise<string> {
  const key = formatApiKey(random(API_KEY_BYTES));
  const hash = createHash('sha256').update(key).digest();
  await query(
    `INSERT INTO api_keys (organization_id, id, name, role, platform_operator, hash, preview, created_by, created_at)
     VALUES ($1, $2, 'test', 'owner', $3, $4, $5, $2, now())`,
    [organizationId, newId('key', Date.now(), random), platformOperator, hash, apiKeyPreview(key)],
  );
  return key;
}
