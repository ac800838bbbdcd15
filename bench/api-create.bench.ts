/**
 * A service made through the api (rights, checks, intent, traffic, operation, outbox and audit, durable) against bare
 * Fastify and pg that write the same rows in one transaction. Goal: issue 4 section 7. `npm run bench api-create`.
 */
import { httpRequest, loaded, startApiBed, warmUp, type ApiBed } from './api.bed.js';
import { interleave, slicesOf, type Rounds } from './protocol.js';
import { report } from './report.js';

const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 25);
const TABLES = ['services', 'traffic_changes', 'operations', 'outbox', 'audit_rows'];

const bed = await startApiBed();
try {
  const { tenant } = bed;
  const url = `/v1/projects/${tenant.project}/services`;
  const template = { source: { uploadId: tenant.uploadId } };
  const create = [httpRequest(tenant, 'POST', url, { name: 's@@@@@@@@', template })];
  const before = await rows(bed);
  for (const server of [bed.ours, bed.peer]) await warmUp(bed, server, create);
  const rounds = await interleave(
    [
      loaded(bed, 'create', bed.ours, create),
      loaded(bed, 'bare create', bed.peer, create),
      loaded(bed, 'bare create again', bed.peer, create),
    ],
    ROUNDS,
  );
  await verify(bed, before, rounds);
  const title = `api-create: ${ROUNDS} rounds, 32 clients${bed.pinned ? '' : ', not pinned'}`;
  report(
    title,
    rounds,
    ['bare create again', 'bare create'],
    [{ title: 'create / bare', one: 'create', other: 'bare create', goal: 0.8 }],
  );
} finally {
  await bed.stop();
}

async function rows({ database }: ApiBed): Promise<number[]> {
  const counts = TABLES.map((table) => `(SELECT count(*)::int FROM ${table})`);
  const [row] = await database.query<Record<string, number>>(
    `SELECT ${counts.map((count, index) => `${count} AS c${index}`).join(', ')}`,
  );
  return Object.values(row ?? {});
}

/** Every answer stands for one row of each table. The first round is not among the slices, so there are at least so many. */
async function verify(of: ApiBed, before: number[], measured: Rounds): Promise<void> {
  const added = (await rows(of)).map((count, index) => count - (before[index] ?? 0));
  const answered = [...measured.keys()]
    .flatMap((name) => slicesOf(measured, name))
    .reduce((sum, { operations }) => sum + operations, 0);
  if (new Set(added).size !== 1 || (added[0] ?? 0) < answered) {
    throw new Error(`${answered} answers, rows: ${JSON.stringify(added)}`);
  }
}
