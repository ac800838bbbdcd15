import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { ensureHubTopology } from '#libs/bus';
import {
  freePorts,
  temporaryFolder,
  testDatabase,
  testNats,
  type TestDatabase,
  type TestNats,
} from '#libs/testing';
import { startApp, type Server } from './load/processes.js';
import { startStandIns, type StandIns } from './load/stand-ins.js';
import { pin } from './protocol.js';

/** Hub processes that a bench may ask for. */
export const HUB_APPS = ['api', 'deployer', 'billing'] as const;
export type HubApp = (typeof HUB_APPS)[number];

/** A hub process, and where its memory can be looked at. */
export interface HubServer extends Server {
  inspectPort: number;
}

/** Processes of a hub as an installation runs them, beside a cluster and a gateway that do at once what they are told. */
export interface HubBed {
  folder: string;
  /** Settings of its processes. */
  env: Record<string, string>;
  database: TestDatabase;
  nats: TestNats;
  standIns: StandIns;
  apps: Record<HubApp, HubServer>;
  stop(): Promise<void>;
}

/** What every process of a hub is told; writes the files that it names. */
export async function hubEnvironment(
  database: TestDatabase,
  nats: TestNats,
  folder: string,
): Promise<Record<string, string>> {
  const [creds, masterKey] = [path.join(folder, 'hub.creds'), path.join(folder, 'master.key')];
  writeFileSync(creds, await nats.credentials('hub'));
  writeFileSync(masterKey, randomBytes(32).toString('hex'));
  return {
    TOWPATH_API_DATABASE_URL: database.apiUrl,
    TOWPATH_SYSTEM_DATABASE_URL: database.systemUrl,
    NATS_URL: nats.url,
    TOWPATH_NATS_CREDS: creds,
    TOWPATH_BLOBS_DIR: path.join(folder, 'blobs'),
    TOWPATH_MASTER_KEY_FILE: masterKey,
    TOWPATH_DOMAIN: 'localhost',
    TOWPATH_GATEWAY_PORT: '8081',
  };
}

/**
 * @param more settings of all of them
 * @param options `gateway: false` leaves the place of the gateway empty; `inspected` lets their memory be looked at
 */
export async function startHubBed(
  more: Record<string, string> = {},
  options: { gateway?: boolean; inspected?: boolean } = {},
): Promise<HubBed> {
  const [database, nats] = await Promise.all([testDatabase(), testNats()]);
  const folder = temporaryFolder();
  await ensureHubTopology(nats.bus);
  const standIns = await startStandIns(database, nats.bus, options.gateway ?? true);
  const env = { ...(await hubEnvironment(database, nats, folder.path)), ...more };
  const apps = {} as Record<HubApp, HubServer>;
  for (const app of HUB_APPS) {
    const [inspectPort = 0] = await freePorts(1);
    const port = options.inspected === true ? inspectPort : undefined;
    apps[app] = { ...(await startApp(app, env, port)), inspectPort };
    pin(apps[app].pid, 0);
  }
  pin(process.pid, 1);
  const stop = async (): Promise<void> => {
    await Promise.all(HUB_APPS.map((app) => apps[app].stop()));
    standIns.stop();
    await Promise.all([database.drop(), nats.release()]);
    folder.remove();
  };
  return { folder: folder.path, env, database, nats, standIns, apps, stop };
}
