import {
  API_KEY_BYTES,
  JOIN_TOKEN_BYTES,
  apiKeyPreview,
  formatApiKey,
  formatJoinToken,
  newId,
  type Clock,
  type Random,
} from '#libs/domain';
import {
  insertCluster,
  insertJoinToken,
  insertKey,
  insertOrganization,
  insertProject,
  listOrganizations,
  lockHub,
  type Database,
  type Tx,
} from '#libs/store';
import { tokenHash } from '../token.js';
import { writeBootstrap, type Bootstrap } from './bootstrap.file.js';

/** The local agent and gateway may be started for the first time long after the first run. */
export const FIRST_TOKEN_LIFE_MS = 30 * 24 * 3_600_000;
const NAME = 'default';
/** Region, zone and provider of what runs on this machine. */
export const LOCAL = 'local';

export interface FirstRunParts {
  db: Database;
  clock: Clock;
  random: Random;
  bootstrapFile: string;
  /** Where the first gateway stands (LOCAL). */
  gatewayRegion?: string;
}

/**
 * Makes the first organization, its project, the operator's key and the local cluster, unless there is an organization.
 *
 * The file is written and on disk before the rows are committed: a key whose hash is committed can then never be lost.
 * When the commit fails or never comes, the file names a key that does not exist, and the next start, which finds no
 * organization, writes a new file over it. Once committed, nothing ever writes the file again.
 * @returns whether this was the first run
 */
export function firstRun(parts: FirstRunParts): Promise<boolean> {
  return parts.db.asSystem(async (tx) => {
    // Two replicas that start at once: the second waits here and then finds the organization of the first.
    await lockHub(tx);
    if ((await listOrganizations(tx, { limit: 1 })).length > 0) return false;
    await writeBootstrap(parts.bootstrapFile, await makeAll(tx, parts));
    return true;
  });
}

async function makeAll(tx: Tx, { clock, random, gatewayRegion = LOCAL }: FirstRunParts): Promise<Bootstrap> {
  const now = clock.now();
  const organizationId = newId('org', now, random);
  await insertOrganization(tx, { id: organizationId, name: NAME, createdAt: now });
  await insertProject(tx, {
    id: newId('prj', now, random),
    organizationId,
    name: NAME,
    handle: NAME,
    createdAt: now,
  });
  const operatorKey = await makeOperatorKey(tx, organizationId, now, random);
  const clusterId = newId('cls', now, random);
  const place = { name: LOCAL, provider: LOCAL, region: LOCAL, zone: LOCAL, runtime: LOCAL } as const;
  await insertCluster(tx, { id: clusterId, ...place, createdAt: now });
  const makeToken = async (
    join: { kind: 'agent'; clusterId: typeof clusterId } | { kind: 'gateway'; region: string },
  ) => {
    const token = formatJoinToken(random(JOIN_TOKEN_BYTES));
    const id = newId('jt', now, random);
    await insertJoinToken(tx, {
      id,
      hash: tokenHash(token),
      ...join,
      createdAt: now,
      expiresAt: now + FIRST_TOKEN_LIFE_MS,
    });
    return token;
  };
  const agent = await makeToken({ kind: 'agent', clusterId });
  const gateway = await makeToken({ kind: 'gateway', region: gatewayRegion });
  return { operatorKey, organizationId, project: NAME, clusterId, joinTokens: { agent, gateway } };
}

async function makeOperatorKey(
  tx: Tx,
  organizationId: Bootstrap['organizationId'],
  now: number,
  random: Random,
): Promise<string> {
  const text = formatApiKey(random(API_KEY_BYTES));
  const id = newId('key', now, random);
  const key = { id, organizationId, name: 'operator', role: 'owner', platformOperator: true } as const;
  await insertKey(tx, { ...key, preview: apiKeyPreview(text), createdAt: now }, tokenHash(text), id);
  return text;
}
