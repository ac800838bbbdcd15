/**
 * What a person would build instead of the api: Fastify, pg and Mercurius, nothing checked and nobody authenticated,
 * run as a process of its own (fork).
 */
import type { AddressInfo } from 'node:net';
import Fastify from 'fastify';
import mercurius from 'mercurius';
import pg from 'pg';
import {
  FIND_PROJECT,
  FIND_SERVICE,
  INSERT_AUDIT,
  INSERT_OPERATION,
  INSERT_OUTBOX,
  INSERT_SERVICE,
  INSERT_TRAFFIC,
  LIST_SERVICES,
  id,
  inTransaction,
  type Run,
} from './bare.sql.js';

const organization = process.env['BENCH_ORGANIZATION'] ?? '';
const actor = process.env['BENCH_ACTOR'] ?? '';
const INT8 = 20;
pg.types.setTypeParser(INT8, Number);
const pool = new pg.Pool({ connectionString: process.env['BENCH_DATABASE_URL'], max: 20 });
const app = Fastify();

type Row = Record<string, unknown>;
const transaction = async <T>(work: (run: Run) => Promise<T>): Promise<T> =>
  inTransaction(await pool.connect(), organization, work);

function show(row: Row | undefined, project: Row | undefined): Row {
  const { id: own, name, access, template, traffic, generation, status, version } = row ?? {};
  return {
    id: own,
    project: { id: project?.['id'], handle: project?.['handle'] },
    name,
    access,
    minInstances: row?.['min_instances'],
    template,
    traffic,
    generation,
    url: `http://${String(name)}--${String(project?.['handle'])}.localhost:8081`,
    status,
    createdAt: row?.['created_at'],
    updatedAt: row?.['updated_at'],
    version: String(version),
  };
}

app.get<{ Params: { project: string; service: string } }>(
  '/v1/projects/:project/services/:service',
  ({ params }) =>
    transaction(async (run) => {
      const [project] = await run(FIND_PROJECT, [organization, params.project]);
      const [service] = await run(FIND_SERVICE, [organization, project?.['id'], params.service]);
      return show(service, project);
    }),
);

const list = (handle: string, limit: number): Promise<Row[]> =>
  transaction(async (run) => {
    const [project] = await run(FIND_PROJECT, [organization, handle]);
    const rows = await run(LIST_SERVICES, [organization, project?.['id'], '', limit]);
    return rows.slice(0, limit - 1).map((row) => show(row, project));
  });

app.get<{ Params: { project: string } }>('/v1/projects/:project/services', async ({ params }) => ({
  items: await list(params.project, 101),
}));

const TEMPLATE = {
  ...{ env: [], resources: { cpuMillis: 1000, memoryMiB: 512 }, concurrency: 80, timeoutSeconds: 300 },
  ...{ maxInstances: 100, port: 8080, protocol: 'http1' },
};
const STEPS = ['build', 'revision', 'placement', 'ready', 'traffic', 'gateways'].map((name) => ({
  name,
  status: 'pending',
  message: '',
}));
const TRAFFIC = JSON.stringify([{ revision: 'latest', percent: 100 }]);

app.post<{ Params: { project: string }; Body: { name: string; template: object } }>(
  '/v1/projects/:project/services',
  async ({ params, body }, reply) => {
    const now = new Date();
    const [service, operation] = [id('svc'), id('op')];
    const template = JSON.stringify({ ...TEMPLATE, ...body.template });
    const after = JSON.stringify({ name: body.name, access: 'private', template: TEMPLATE });
    const status = JSON.stringify({ observedGeneration: 0, traffic: [], conditions: [] });
    const project = await transaction(async (run) => {
      const [found] = await run(FIND_PROJECT, [organization, params.project]);
      const [projectId, name] = [found?.['id'], body.name];
      const values = [service, organization, projectId, name, 'private', 0, template, TRAFFIC, status, now];
      await run(INSERT_SERVICE, values);
      await run(INSERT_TRAFFIC, [organization, service, actor, TRAFFIC, now]);
      await run(INSERT_AUDIT, [id('aud'), organization, now, actor, service, after, id('req')]);
      await run(INSERT_OPERATION, [operation, organization, projectId, service, JSON.stringify(STEPS), now]);
      await run(INSERT_OUTBOX, [id('evt'), service, organization, now]);
      return found;
    });
    reply.status(202);
    return {
      id: operation,
      project: { id: project?.['id'], handle: project?.['handle'] },
      service: { id: service, name: body.name },
      kind: 'deploy',
      status: 'pending',
      steps: STEPS,
      createdAt: now,
      version: '1',
    };
  },
);

await app.register(mercurius, {
  schema: `
    type Project { id: ID! handle: String! }
    type Resources { cpuMillis: Int! memoryMiB: Int! }
    type Template { resources: Resources! concurrency: Int! port: Int! }
    type TrafficTarget { revision: String! percent: Int! }
    type Service {
      id: ID! name: String! access: String! url: String! generation: Int! createdAt: String! version: String!
      project: Project! template: Template! traffic: [TrafficTarget!]!
    }
    type ServiceEdge { cursor: String! node: Service! }
    type ServiceConnection { edges: [ServiceEdge!]! }
    type Query { services(project: String!, first: Int!): ServiceConnection! }`,
  resolvers: {
    Query: {
      services: async (_root: unknown, { project, first }: { project: string; first: number }) => ({
        edges: (await list(project, first + 1)).map((node) => ({ cursor: node['id'], node })),
      }),
    },
    Service: { createdAt: ({ createdAt }: { createdAt: Date }) => createdAt.toISOString() },
  },
});

await app.listen({ port: 0, host: '127.0.0.1' });
process.send?.((app.server.address() as AddressInfo).port);
