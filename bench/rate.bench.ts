/**
 * Rating a file of usage (parse, check, fold, price), as `tow admin rate` does it, against its limit: JSON.parse of the
 * same lines, and nothing else, in the same process.
 */
import { parsePriceSchedule, parseUsageEntry, rateUsage, UsageFold } from '#libs/domain';
import { interleave, type Slice } from './protocol.js';
import { report } from './report.js';

const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 15);
const LINES = 100_000;
const START = Date.UTC(2026, 10, 1);

const item = { measure: 'request_time', unit: 'unit' };
const schedule = parsePriceSchedule([
  {
    id: 'bench',
    version: 1,
    name: 'Bench',
    currency: 'USD',
    decimals: 2,
    effectiveFrom: '2026-01-01T00:00:00Z',
    items: [
      { ...item, id: 'cpu', name: 'CPU', times: 'vcpu', rate: '0.000024' },
      { ...item, id: 'memory', name: 'Memory', times: 'gib', rate: '0.0000025' },
      { id: 'requests', name: 'Requests', measure: 'requests', rate: '0.4', per: '1000000', unit: 'million' },
    ],
  },
]);
const revision = parseUsageEntry({
  kind: 'revision',
  id: 'rev_bench',
  organizationId: 'org_bench',
  serviceId: 'svc_bench',
  cpuMillis: 1_000,
  memoryMiB: 512,
  concurrency: 80,
  maxInstances: 100,
});

/** Requests of 200 ms, a thousand a second: 200 at once, on three instances. */
const lines = Array.from({ length: LINES }, (_one, i) => {
  const startMs = START + i;
  const times = `"startMs":${startMs},"endMs":${startMs + 200}`;
  return `{"kind":"request","id":"req_${i}","revisionId":"rev_bench","region":"local",${times},"status":200,"responseBytes":1234}`;
});

function measured(work: () => void): Promise<Slice> {
  const [begin, before] = [performance.now(), process.cpuUsage()];
  work();
  const { user, system } = process.cpuUsage(before);
  const seconds = (performance.now() - begin) / 1_000;
  return Promise.resolve({ operations: LINES, seconds, cpuMicros: user + system });
}

function parse(): void {
  for (const line of lines) JSON.parse(line);
}

function rate(): void {
  const fold = new UsageFold(schedule);
  fold.add(revision);
  for (const line of lines) fold.add(parseUsageEntry(JSON.parse(line)));
  const { folded, held } = fold.finish();
  const [month] = rateUsage(schedule, folded, held).months;
  if (month?.charges.at(-1)?.quantity !== '0.1') throw new Error('not every line was rated');
}

const rounds = await interleave(
  [
    { name: 'parse', slice: () => measured(parse) },
    { name: 'parse-again', slice: () => measured(parse) },
    { name: 'rate', slice: () => measured(rate) },
  ],
  ROUNDS,
);
report(
  `rating ${LINES} lines a slice`,
  rounds,
  ['parse', 'parse-again'],
  [{ title: 'rate / parse', one: 'rate', other: 'parse' }],
);
console.log(
  `  memory: ${Math.round(process.memoryUsage.rss() / 2 ** 20)} MiB resident, ${LINES} lines held by the bench`,
);
