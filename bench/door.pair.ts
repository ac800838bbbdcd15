/** Gateway and door as they meet on a machine without a cluster, and two stock Envoys that do the same. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { PEER_FILES } from '#libs/bus';
import { peerName } from '#libs/domain';
import { createLogger, systemClock } from '#libs/process';
import { TestAuthority, freePorts } from '#libs/testing';
import { DOOR_FOLDER, doorBootstrap } from '../apps/agent/src/drivers/knative/door.bootstrap.js';
import { doorManifests } from '../apps/agent/src/drivers/knative/door.manifests.js';
import { gatewayPeer, peerFolder } from '../apps/gateway/src/tls/gateway.peer.js';
import { DOOR_OF, boot, startOurs, startStock, type Edge } from './envoys.js';

const GATEWAY = 'gw_00000000000000000001';

/**
 * Our gateway's Envoy, its door as the agent configures it, and the upstream in the place of the ingress.
 * @param between opens a way to the door's port, by which the gateway reaches it
 */
export async function startPair(
  folder: string,
  hosts: string[],
  upstream: number,
  between: (door: number) => Promise<number> = (door) => Promise.resolve(door),
): Promise<Edge> {
  const authority = await TestAuthority.make();
  const door = await startDoor(path.join(folder, 'door'), upstream, authority);
  const peer = await showToDoors(path.join(folder, 'gateway'), authority);
  const gateway = await startOurs(folder, hosts, await between(door.port), { peerFolder: peer });
  return together(gateway, door);
}

/** The same way with nothing on it but TLS, and the same log. */
export async function startStockPair(folder: string, hosts: string[], upstream: number): Promise<Edge> {
  const authority = await TestAuthority.make();
  const shows = await authority.identityFor('stock.test');
  const door = await startStock(path.join(folder, 'door'), ['*'], upstream, false, { shows });
  return together(await startStock(folder, hosts, door.port, true, { toUpstream: true }), door);
}

function together(gateway: Edge, door: Edge): Edge {
  const stop = async (): Promise<void> => {
    await gateway.stop();
    await door.stop();
  };
  return { ...gateway, behind: [door.pid], stop };
}

async function startDoor(folder: string, ingress: number, authority: TestAuthority): Promise<Edge> {
  const [port, adminPort] = (await freePorts(2)) as [number, number];
  const here = (text: string): string => text.replaceAll(DOOR_FOLDER, folder);
  mkdirSync(folder, { recursive: true });
  const at = { host: '127.0.0.1', port: ingress };
  const certificate = await authority.identityFor(peerName(DOOR_OF, 'door'));
  const shown = { ...certificate, root: authority.root, agent: 'agent.test' };
  const secret = doorManifests({ image: 'none', ingress: at }, shown).find(({ kind }) => kind === 'Secret');
  for (const [name, text] of Object.entries((secret as unknown as { data: Record<string, string> }).data))
    writeFileSync(path.join(folder, name), here(Buffer.from(text, 'base64').toString()));
  const content = JSON.parse(here(JSON.stringify(doorBootstrap(at, shown.agent)))) as Bootstrap;
  for (const listener of content.static_resources.listeners) listener.address = loopback(port);
  content.admin.address = loopback(adminPort);
  const envoy = await boot(folder, content, adminPort);
  return { port, pid: envoy.pid, stop: () => envoy.stop() };
}

interface Bootstrap {
  static_resources: { listeners: { address: object }[] };
  admin: { address: object };
}

const loopback = (port: number): object => ({ socket_address: { address: '127.0.0.1', port_value: port } });

/** What the gateway's process keeps for its Envoy; resolves with the folder. */
async function showToDoors(dataDir: string, authority: TestAuthority): Promise<string> {
  const parts = {
    url: '',
    renewalToken: () => '',
    clock: systemClock,
    logger: createLogger('bench', 'silent'),
  };
  gatewayPeer({ id: GATEWAY, dataDir, ...parts });
  const { chain, key } = await authority.identityFor(peerName(GATEWAY, 'gateway'));
  const files = { chain, key, trust: authority.root };
  for (const part of ['chain', 'key', 'trust'] as const)
    writeFileSync(path.join(peerFolder(dataDir), PEER_FILES[part]), files[part]);
  return peerFolder(dataDir);
}
