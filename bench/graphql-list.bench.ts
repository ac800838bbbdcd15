/**
 * 100 services over GraphQL, two levels deep (services and what they hold), authenticated, against bare Mercurius with the
 * same SQL. Goal: issue 4 section 7. `npm run bench graphql-list`.
 */
import { httpRequest, loaded, makeServices, startApiBed, warmUp } from './api.bed.js';
import { interleave } from './protocol.js';
import { report } from './report.js';

const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 25);
const SERVICES = 100;
const DOCUMENT = `query List($project: String!) { services(project: $project, first: ${SERVICES}) { edges { cursor node {
  id name access url generation createdAt version project { id handle }
  template { resources { cpuMillis memoryMiB } concurrency port } traffic { revision percent } } } } }`;

const bed = await startApiBed();
try {
  await makeServices(bed.ours, bed.tenant, SERVICES);
  const body = { query: DOCUMENT, variables: { project: bed.tenant.project } };
  const list = [httpRequest(bed.tenant, 'POST', '/graphql', body)];
  await sameAnswers(body);
  for (const server of [bed.ours, bed.peer]) await warmUp(bed, server, list);
  const rounds = await interleave(
    [
      loaded(bed, 'list', bed.ours, list),
      loaded(bed, 'bare list', bed.peer, list),
      loaded(bed, 'bare list again', bed.peer, list),
    ],
    ROUNDS,
  );
  const title = `graphql-list: ${ROUNDS} rounds${bed.pinned ? '' : ', not pinned'}`;
  report(
    title,
    rounds,
    ['bare list again', 'bare list'],
    [{ title: 'list / bare Mercurius', one: 'list', other: 'bare list', goal: 0.8 }],
  );
} finally {
  await bed.stop();
}

/** Both answer the same, but for the cursors. */
async function sameAnswers(asked: object): Promise<void> {
  const answers = await Promise.all(
    [bed.ours, bed.peer].map(async ({ port }) => {
      const answer = await fetch(`http://127.0.0.1:${port}/graphql`, {
        method: 'POST',
        headers: { authorization: `Bearer ${bed.tenant.key}`, 'content-type': 'application/json' },
        body: JSON.stringify(asked),
      });
      return (await answer.text()).replaceAll(/"cursor":"[^"]*"/g, '');
    }),
  );
  if (answers[0] !== answers[1])
    throw new Error(`not the same:\n${answers[0]?.slice(0, 700)}\n${answers[1]?.slice(0, 700)}`);
}
