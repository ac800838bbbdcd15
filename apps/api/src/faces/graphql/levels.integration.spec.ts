import { ApiRig } from '../../api.rig.js';

let rig: ApiRig;

beforeAll(async () => {
  rig = await ApiRig.start();
}, 60_000);
afterAll(() => rig.stop());

/** Reads of rows that PostgreSQL has carried out for the api's role: one for each level of a document, never for each row. */
async function statementsOf(work: () => Promise<unknown>): Promise<string[]> {
  const { db } = rig.parts;
  const texts: string[] = [];
  const inTenant = db.inTenant.bind(db);
  db.inTenant = (organizationId, inner) =>
    inTenant(organizationId, (tx) => {
      const run = tx.run.bind(tx);
      tx.run = (sql: { name: string }, values: unknown[]) => {
        texts.push(sql.name);
        return run(sql as never, values);
      };
      return inner(tx);
    });
  try {
    await work();
  } finally {
    db.inTenant = inTenant;
  }
  return texts;
}

it.each([1, 30])(
  'a list of services two levels deep costs two statements, with %i of them',
  async (count) => {
    const { key } = await rig.tenant();
    const project = await rig.project(key);
    for (let index = 0; index < count; index += 1) await rig.service(key, project.id, `service${index}`);
    const document = `query List($project: String!) { services(project: $project, first: 100) {
    edges { node { id name project { id handle } traffic { revision percent } status { conditions { type status } } } } } }`;
    let nodes = 0;
    const texts = await statementsOf(async () => {
      const { data } = await rig.graphql(key, document, { project: project.handle });
      nodes = (data as { services: { edges: unknown[] } }).services.edges.length;
    });
    expect(nodes).toBe(count);
    expect(texts.filter((name) => name !== 'key_touch')).toEqual(['project_find', 'service_list']);
  },
  60_000,
);
