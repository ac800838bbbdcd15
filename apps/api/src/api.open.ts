import { readFile } from 'node:fs/promises';
import { Bus } from '#libs/bus';
import { Loop, publicOrigin, type ProcessParts } from '#libs/process';
import { Database, FolderBlobs, parseMasterKey } from '#libs/store';
import type { ApiConfig } from './api.config.js';
import type { ApiParts } from './api.parts.js';
import { FairGate } from './call/fair-gate.js';
import { OperationMoves } from './operation/operation.moves.js';

/** Sessions of PostgreSQL; some are left for looking up credentials. */
const SESSIONS = 20;
const SESSIONS_FOR_WORK = 16;

/** Checked configuration -> built objects. */
export async function openParts(config: ApiConfig, parts: ProcessParts): Promise<ApiParts> {
  const masterKey = parseMasterKey(await readFile(config.TOWPATH_MASTER_KEY_FILE, 'utf8'));
  const creds = await readFile(config.TOWPATH_NATS_CREDS, 'utf8');
  const bus = await Bus.connect({ servers: config.NATS_URL, creds, name: 'api', waits: true });
  const db = Database.open({ apiUrl: config.TOWPATH_API_DATABASE_URL, poolSize: SESSIONS });
  const limits = {
    width: SESSIONS_FOR_WORK,
    each: config.TOWPATH_TENANT_TRANSACTIONS,
    waiting: config.TOWPATH_TENANT_WAITING,
    perSecond: config.TOWPATH_TENANT_PER_SECOND,
    deploysPerMinute: config.TOWPATH_TENANT_DEPLOYS_PER_MINUTE,
  };
  const clock = await db.clock(parts.logger);
  return {
    db,
    gate: new FairGate(limits, clock, parts.metrics),
    bus,
    moves: new OperationMoves(bus),
    blobs: new FolderBlobs(config.TOWPATH_BLOBS_DIR),
    masterKey,
    clock,
    random: parts.random,
    logger: parts.logger,
    installation: {
      apiUrl: config.TOWPATH_API_URL ?? `http://127.0.0.1:${config.TOWPATH_PORT}`,
      gatewayPort: config.TOWPATH_GATEWAY_PORT,
      ...(config.TOWPATH_GATEWAY_TLS_PORT === undefined
        ? {}
        : { gatewayTlsPort: config.TOWPATH_GATEWAY_TLS_PORT }),
      origin: publicOrigin(config),
      domain: config.TOWPATH_DOMAIN,
    },
    webhookReach: config.TOWPATH_WEBHOOK_REACH,
    closeHoldMs: config.TOWPATH_CLOSE_HOLD_SECONDS * 1000,
  };
}

const PING_MS = 5_000;

/** Says in /healthz whether the database answers. */
export function watchDatabase(db: Database, { health, logger }: ProcessParts): Loop {
  return new Loop(
    'database',
    PING_MS,
    () =>
      db.ping().then(
        () => health.set('database', true),
        () => health.set('database', false, 'the database does not answer'),
      ),
    logger,
  );
}
