/**
 * An authenticated read of the api against bare Fastify and pg with the same transaction: one service by its name, and a
 * list of 100. Goal: issue 4 section 7. `npm run bench api-read`.
 */
import { httpRequest, loaded, makeServices, startApiBed, warmUp } from './api.bed.js';
import { interleave } from './protocol.js';
import { report } from './report.js';

const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 25);
const SERVICES = 100;

const bed = await startApiBed();
try {
  const names = await makeServices(bed.ours, bed.tenant, SERVICES);
  const url = `/v1/projects/${bed.tenant.project}/services`;
  const reads = names.map((name) => httpRequest(bed.tenant, 'GET', `${url}/${name}`));
  const lists = [httpRequest(bed.tenant, 'GET', `${url}?limit=100`)];
  for (const server of [bed.ours, bed.peer]) await warmUp(bed, server, [...reads, ...lists]);
  const rounds = await interleave(
    [
      loaded(bed, 'read', bed.ours, reads),
      loaded(bed, 'bare read', bed.peer, reads),
      loaded(bed, 'bare read again', bed.peer, reads),
      loaded(bed, 'list of 100', bed.ours, lists),
      loaded(bed, 'bare list of 100', bed.peer, lists),
    ],
    ROUNDS,
  );
  const title = `api-read: ${ROUNDS} rounds${bed.pinned ? '' : ', not pinned'}`;
  report(
    title,
    rounds,
    ['bare read again', 'bare read'],
    [
      { title: 'read / bare', one: 'read', other: 'bare read', goal: 0.75 },
      { title: 'list of 100 / bare', one: 'list of 100', other: 'bare list of 100' },
    ],
  );
} finally {
  await bed.stop();
}
