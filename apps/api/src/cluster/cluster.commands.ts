import { createHash } from 'node:crypto';
import { JOIN_TOKEN_BYTES, JOIN_TOKEN_LIFE_MS, formatJoinToken, type Cluster } from '#libs/domain';
import { cordonCluster, insertCluster, insertJoinToken } from '#libs/store';
import type { CommandCall } from '../call/call.js';
import { iso } from '../call/scalars.js';
import { clusterOf } from './cluster.queries.js';
import { showCluster } from './cluster.view.js';

export interface CreateClusterInput {
  name: string;
  provider?: string | undefined;
  region?: string | undefined;
  zone?: string | undefined;
  runtime: Cluster['runtime'];
}

/** Makes room for a cluster; it joins with a token. */
export async function createCluster(
  call: CommandCall,
  input: CreateClusterInput,
): Promise<ReturnType<typeof showCluster>> {
  const { name, runtime, provider = 'own', region = 'local', zone = region } = input;
  const id = call.newId('cls');
  const cluster = await insertCluster(call.tx, {
    id,
    name,
    provider,
    region,
    zone,
    runtime,
    createdAt: call.now,
  });
  await call.audit(id, { after: { name, provider, region, zone, runtime } });
  return showCluster(cluster);
}

/** From now on the cluster takes no new services, or takes them again; what it holds stays. */
export async function setCordon(
  call: CommandCall,
  input: { cluster: string },
  isCordoned: boolean,
): Promise<ReturnType<typeof showCluster>> {
  const before = await clusterOf(call, input.cluster);
  const after = await cordonCluster(call.tx, before.id, isCordoned ? call.now : undefined);
  await call.audit(before.id, {
    before: { cordoned: before.cordonedAt !== undefined },
    after: { cordoned: isCordoned },
  });
  return showCluster(after ?? before);
}

/** Makes a one-time token for the cluster's agent; only its SHA-256 is stored. */
export async function createJoinToken(
  call: CommandCall,
  input: { cluster: string },
): Promise<{ token: string; expiresAt: string }> {
  const cluster = await clusterOf(call, input.cluster);
  const token = formatJoinToken(call.parts.random(JOIN_TOKEN_BYTES));
  const id = call.newId('jt');
  const expiresAt = call.now + JOIN_TOKEN_LIFE_MS;
  const hash = createHash('sha256').update(token).digest();
  await insertJoinToken(call.tx, {
    id,
    hash,
    kind: 'agent',
    clusterId: cluster.id,
    createdAt: call.now,
    expiresAt,
  });
  await call.audit(cluster.id, { after: { joinToken: id, expiresAt: iso(expiresAt) } });
  return { token, expiresAt: iso(expiresAt) };
}
