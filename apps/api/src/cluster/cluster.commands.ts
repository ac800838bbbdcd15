import { createHash } from 'node:crypto';
import {
  JOIN_TOKEN_BYTES,
  JOIN_TOKEN_LIFE_MS,
  TowpathError,
  formatJoinToken,
  parseDecimal,
  refuseIfAny,
  type Cluster,
} from '#libs/domain';
import {
  cordonCluster,
  drainCluster as drainStored,
  insertCluster,
  insertJoinToken,
  listHoldings,
  removeCluster as removeStored,
  saveClusterPrice,
} from '#libs/store';
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
  return showCluster(cluster, call.now);
}

/** From now on the cluster takes no new services, or takes them again; what it holds stays. */
export async function setCordon(
  call: CommandCall,
  input: { cluster: string },
  isCordoned: boolean,
): Promise<ReturnType<typeof showCluster>> {
  const before = await clusterOf(call, input.cluster);
  const after = await cordonCluster(call.tx, before.id, isCordoned ? call.now : undefined);
  await call.clusterChanged(before.id);
  await call.audit(before.id, {
    before: { cordoned: before.cordonedAt !== undefined },
    after: { cordoned: isCordoned },
  });
  return showCluster(after ?? before, call.now);
}

/** Has every service moved elsewhere, each once another cluster can serve it; the cluster takes no new ones. */
export async function drainCluster(
  call: CommandCall,
  input: { cluster: string },
): Promise<ReturnType<typeof showCluster>> {
  const before = await clusterOf(call, input.cluster);
  const holdings = await listHoldings(call.tx, before.id);
  const after = await drainStored(call.tx, before.id, call.now, holdings.length);
  await call.audit(before.id, {
    before: { draining: before.drainingAt !== undefined },
    after: { draining: true, holds: holdings.length },
  });
  await call.clusterChanged(before.id);
  return showCluster(after ?? before, call.now, holdings);
}

interface NewPrice {
  cluster: string;
  currency: string;
  vcpuSecond: string;
  gibSecond: string;
  gpuSeconds?: { gpuClass: string; price: string }[] | undefined;
}

/** Says what instances in a cluster cost from today on; days before keep the price they had. */
export async function setClusterPrice(
  call: CommandCall,
  input: NewPrice,
): Promise<ReturnType<typeof showCluster>> {
  const { id, price: before } = await clusterOf(call, input.cluster);
  const { currency, gpuSeconds: gpus = [] } = input;
  const classes = gpus.map(({ gpuClass }) => gpuClass);
  const twice = classes.findIndex((name, i) => classes.indexOf(name) < i);
  if (twice >= 0)
    refuseIfAny([{ field: `gpuSeconds[${twice}].gpuClass`, message: 'has a price in this list already' }]);
  const [vcpuSecond, gibSecond] = [parseDecimal(input.vcpuSecond), parseDecimal(input.gibSecond)];
  const gpuSeconds = new Map(gpus.map(({ gpuClass, price }) => [gpuClass, parseDecimal(price)]));
  await saveClusterPrice(call.tx, id, { currency, vcpuSecond, gibSecond, gpuSeconds }, call.now);
  const cluster = await clusterOf(call, id);
  await call.audit(id, { ...(before ? { before: { ...before } } : {}), after: { ...cluster.price } });
  return showCluster(cluster, call.now);
}

/** Takes a cluster out of the installation. @throws TowpathError FAILED_PRECONDITION while anything lives there */
export async function removeCluster(
  call: CommandCall,
  input: { cluster: string },
): Promise<ReturnType<typeof showCluster>> {
  const cluster = await clusterOf(call, input.cluster);
  // a cordon first: nothing may be placed there between the look and the removal
  if (cluster.cordonedAt === undefined && cluster.joinedAt !== undefined)
    throw livesThere(cluster, 'takes services');
  const { length } = await listHoldings(call.tx, cluster.id);
  if (length > 0) throw livesThere(cluster, `still holds ${length} service${length === 1 ? '' : 's'}`);
  await removeStored(call.tx, cluster.id, call.now);
  await call.audit(cluster.id, { before: { name: cluster.name, region: cluster.region } });
  await call.clusterChanged(cluster.id);
  return showCluster(cluster, call.now);
}

function livesThere({ name }: Cluster, what: string): TowpathError {
  return new TowpathError('FAILED_PRECONDITION', `Cluster ${name} ${what}.`, {
    violations: [{ field: 'cluster', message: what }],
    nextStep: `Drain it first: tow clusters drain ${name}.`,
  });
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
