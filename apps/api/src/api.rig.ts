import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { ensureHubTopology } from '#libs/bus';
import { newId, type Id, type Role } from '#libs/domain';
import { Health, Metrics, createApplication, createLogger, systemClock, systemRandom } from '#libs/process';
import { FolderBlobs, insertOrganization } from '#libs/store';
import { temporaryFolder, testDatabase, testNats, type TestDatabase, type TestNats } from '#libs/testing';
import { apiConfigSchema } from './api.config.js';
import { ApiModule } from './api.module.js';
import type { ApiParts } from './api.parts.js';
import { prepareApi } from './api.prepare.js';
import { sendProblem } from './faces/rest/problem.reply.js';
import type { CommandCall } from './call/call.js';
import { FairGate } from './call/fair-gate.js';
import { OperationMoves } from './operation/operation.moves.js';
import { makeKey } from './key/key.commands.js';

export interface RigAnswer {
  status: number;
  headers: Record<string, unknown>;
  text: string;
  json: Record<string, unknown>;
}

export interface GraphqlAnswer {
  data: Record<string, unknown>;
  errors?: { message: string; extensions: Record<string, unknown> }[];
}

export interface RigRequest {
  key?: string | undefined;
  body?: unknown;
  payload?: Buffer | string;
  headers?: Record<string, string>;
}

/** A tenant with a key of its owner. */
export interface RigTenant {
  organizationId: Id<'org'>;
  key: string;
}

/** The real api over real PostgreSQL and nats-server; the deployer's part is played by the specs. */
export class ApiRig {
  private constructor(
    readonly app: NestFastifyApplication,
    readonly parts: ApiParts,
    readonly database: TestDatabase,
    private readonly nats: TestNats,
    private readonly removeFolder: () => unknown,
  ) {}

  static async start(): Promise<ApiRig> {
    const [database, nats] = await Promise.all([testDatabase(), testNats()]);
    const folder = temporaryFolder();
    await ensureHubTopology(nats.bus);
    const logger = createLogger('api-rig', process.env['TEST_LOG_LEVEL'] ?? 'silent');
    const metrics = new Metrics();
    const parts: ApiParts = {
      db: database.db,
      gate: new FairGate(
        { width: 4, each: 3, waiting: 100, perSecond: 10_000, deploysPerMinute: 1_000_000 },
        systemClock,
        metrics,
      ),
      bus: nats.bus,
      moves: new OperationMoves(nats.bus),
      blobs: new FolderBlobs(folder.path),
      masterKey: randomBytes(32),
      clock: systemClock,
      random: systemRandom,
      logger,
      installation: {
        apiUrl: 'http://127.0.0.1:8080',
        gatewayPort: 8081,
        domain: 'localhost',
        origin: { scheme: 'http', port: 8081 },
      },
      closeHoldMs: 30 * 86_400_000,
      webhookReach: 'public',
    };
    const processParts = {
      logger,
      clock: systemClock,
      random: systemRandom,
      health: new Health(),
      metrics,
    };
    const app = await createApplication(
      {
        name: 'api',
        schema: apiConfigSchema,
        module: () => ApiModule.create(parts),
        prepare: prepareApi,
        unroutable: (error, request, reply) => sendProblem(error, request, reply, logger),
      },
      {} as never,
      processParts,
    );
    await app.init();
    await app.getHttpAdapter().getInstance().ready();
    return new ApiRig(app, parts, database, nats, () => folder.remove());
  }

  async stop(): Promise<void> {
    // The rig's database and bus are closed by their own ends.
    this.parts.db.close = () => Promise.resolve();
    this.parts.bus.close = () => Promise.resolve();
    await this.app.close();
    delete (this.parts.db as Partial<ApiParts['db']>).close;
    delete (this.parts.bus as Partial<ApiParts['bus']>).close;
    await Promise.all([this.database.drop(), this.nats.release()]);
    await this.removeFolder();
  }

  async call(method: string, url: string, request: RigRequest = {}): Promise<RigAnswer> {
    const { key, body, payload, headers = {} } = request;
    const response = await this.app.inject({
      method: method as 'GET',
      url,
      headers: { ...(key === undefined ? {} : { authorization: `Bearer ${key}` }), ...headers },
      ...(body === undefined ? {} : { payload: body as object }),
      ...(payload === undefined ? {} : { payload }),
    });
    const json =
      response.body !== '' && /[/+]json/.test(String(response.headers['content-type']))
        ? response.json<Record<string, unknown>>()
        : {};
    return { status: response.statusCode, headers: response.headers, text: response.body, json };
  }

  async graphql(
    key: string | undefined,
    query: string,
    variables: Record<string, unknown> = {},
  ): Promise<GraphqlAnswer> {
    const { json } = await this.call('POST', '/graphql', { key, body: { query, variables } });
    return { data: {}, ...json };
  }

  /** A new tenant, as identity's first run makes it. */
  async tenant(name = 'Acme', platformOperator = false): Promise<RigTenant> {
    const now = Date.now();
    const organizationId = newId('org', now, systemRandom);
    const secret = await this.parts.db.inTenant(organizationId, async (tx) => {
      await insertOrganization(tx, { id: organizationId, name, createdAt: now });
      const call = {
        tx,
        now,
        parts: this.parts,
        actor: { id: newId('usr', now, systemRandom) },
        newId: (prefix: 'key') => newId(prefix, now, systemRandom),
      } as unknown as CommandCall;
      return (await makeKey(call, { organizationId, name: 'owner', role: 'owner', platformOperator })).secret;
    });
    return { organizationId, key: secret };
  }

  async key(owner: string, role: Role, more: Record<string, unknown> = {}): Promise<string> {
    const made = await this.call('POST', '/v1/keys', { key: owner, body: { name: role, role, ...more } });
    return String(made.json['secret']);
  }

  async project(
    key: string,
    name = `p${randomBytes(4).toString('hex')}`,
  ): Promise<{ id: string; handle: string }> {
    const { json } = await this.call('POST', '/v1/projects', { key, body: { name } });
    return { id: String(json['id']), handle: String(json['handle']) };
  }

  async upload(key: string, project: string): Promise<string> {
    const made = await this.call('POST', `/v1/projects/${project}/uploads`, {
      key,
      payload: emptyArchive(),
      headers: { 'content-type': 'application/gzip' },
    });
    return String(made.json['id']);
  }

  /** A service with its first operation. */
  async service(
    key: string,
    project: string,
    name: string,
    more: Record<string, unknown> = {},
  ): Promise<RigAnswer> {
    const uploadId = await this.upload(key, project);
    const body = { name, template: { source: { uploadId } }, ...more };
    return this.call('POST', `/v1/projects/${project}/services`, { key, body });
  }

  /** All rows of all tables as text, for looking for what must not be there. */
  async dump(): Promise<string> {
    const tables = await this.database.query<{ name: string }>(
      `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'`,
    );
    const texts = await Promise.all(
      tables.map(({ name }) => this.database.query(`SELECT row_to_json(t)::text AS row FROM "${name}" t`)),
    );
    return JSON.stringify(texts);
  }
}

/** A tar.gz with one file. */
export function emptyArchive(name = 'package.json', content = '{}'): Buffer {
  const header = Buffer.alloc(512);
  header.write(name, 0);
  header.write('0000644\0', 100);
  header.write('0000000\0', 108);
  header.write('0000000\0', 116);
  header.write(`${content.length.toString(8).padStart(11, '0')}\0`, 124);
  header.write('00000000000\0', 136);
  header.write('        ', 148);
  header.write('0', 156);
  header.write('ustar\u000000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  const body = Buffer.alloc(Math.ceil(content.length / 512) * 512);
  body.write(content);
  return gzipSync(Buffer.concat([header, body, Buffer.alloc(1024)]));
}
