/**
 * `tow admin rate` on a whole file of usage, sorted and in no order, as a process of its own whose heap is bounded: its rate
 * against JSON.parse of the same lines, and the memory it had at most. Goal: issue 6 section 2. `npm run bench rate-file`,
 * `BENCH_RATE_LINES=10000000` for the whole size.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, readFileSync } from 'node:fs';
import path from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { temporaryFolder } from '#libs/testing';
import { cpuOf, interleave, judged, type Slice, type Variant } from './protocol.js';
import { report } from './report.js';

const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 3);
const LINES = Number(process.env['BENCH_RATE_LINES'] ?? 1_000_000);
const HEAP_MIB = 256;
/** What Node holds beside its heap: code, stacks, buffers of files. */
const BESIDE_MIB = 128;
const START = Date.UTC(2026, 10, 1);
/** Has no factor in common with any power of ten. */
const STEP = 7_919_017;
const LOOK_MS = 50;
const TOW = new URL('../../apps/cli/bin/tow.mjs', import.meta.url).pathname;
const PLAN = new URL('../../docs/prices/cloud-run-requests.yaml', import.meta.url).pathname;
const PARSE = new URL('load/parse.lines.js', import.meta.url).pathname;
const REVISION =
  '{"kind":"revision","id":"rev","organizationId":"org","serviceId":"svc","cpuMillis":1000,"memoryMiB":512,"concurrency":80,"maxInstances":100}\n';

interface Answer {
  usage: { records: number };
  lines: { item: string; quantity: string }[];
}

interface Ended {
  out: string;
  peakMiB: number;
  cpuMicros: number;
}

/** A request of 200 ms that starts `at` ms after the first. */
function line(at: number): string {
  const times = `"startMs":${START + at},"endMs":${START + at + 200}`;
  return `{"kind":"request","id":"req_${at}","revisionId":"rev","region":"us-central1",${times},"status":200,"responseBytes":1234}\n`;
}

async function write(file: string, at: (index: number) => number): Promise<string> {
  const PAGE = 10_000;
  function* pages(): Generator<string> {
    yield REVISION;
    for (let from = 0; from < LINES; from += PAGE) {
      const length = Math.min(PAGE, LINES - from);
      yield Array.from({ length }, (_one, i) => line(at(from + i))).join('');
    }
  }
  await pipeline(Readable.from(pages()), createWriteStream(file));
  return file;
}

/** Runs Node to its end and looks at what it holds and uses meanwhile. */
async function ended(args: string[]): Promise<Ended> {
  const child = spawn(process.execPath, [`--max-old-space-size=${HEAP_MIB}`, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: process.env['PATH'], TMPDIR: folder.path, HOME: folder.path },
  });
  const pid = child.pid ?? 0;
  let [peakMiB, cpuMicros] = [0, 0];
  const look = setInterval(() => {
    peakMiB = Math.max(peakMiB, peakOf(pid));
    cpuMicros = cpuOf(pid);
  }, LOOK_MS);
  const [out, [code]] = await Promise.all([text(child.stdout), once(child, 'exit') as Promise<[number]>]);
  clearInterval(look);
  if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}`);
  return { out, peakMiB, cpuMicros };
}

/** The most that a process was resident with so far (Linux); 0 when it is about to end. */
function peakOf(pid: number): number {
  const [, kib = '0'] = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kib) / 1_024;
}

/** Rates a file: all of it must have been rated, whatever the order of its lines. */
async function rate(usage: string): Promise<Ended> {
  const run = await ended([TOW, 'admin', 'rate', '--plan', PLAN, '--usage', usage, '--json', '--quiet']);
  const { usage: counts, lines } = JSON.parse(run.out) as Answer;
  const requests = Number(lines.find(({ item }) => item === 'requests')?.quantity) * 1_000_000;
  if (counts.records !== LINES + 1 || requests !== LINES)
    throw new Error(`${counts.records} records and ${requests} requests of ${LINES} were rated`);
  const told = JSON.stringify(lines);
  answers.add(told);
  if (answers.size > 1) throw new Error('the order of lines changed what they cost');
  return run;
}

const folder = temporaryFolder();
const answers = new Set<string>();
const peaks = new Map<string, number>();

function variant(name: string, work: () => Promise<Ended>): Variant {
  const slice = async (): Promise<Slice> => {
    const began = performance.now();
    const { peakMiB, cpuMicros } = await work();
    peaks.set(name, Math.max(peaks.get(name) ?? 0, peakMiB));
    return { operations: LINES, seconds: (performance.now() - began) / 1_000, cpuMicros };
  };
  return { name, slice };
}

try {
  const sorted = await write(path.join(folder.path, 'sorted.ndjson'), (index) => index);
  const shuffled = await write(path.join(folder.path, 'shuffled.ndjson'), (index) => (index * STEP) % LINES);
  const rounds = await interleave(
    [
      variant('parse', () => ended([PARSE, sorted])),
      variant('parse again', () => ended([PARSE, sorted])),
      variant('sorted', () => rate(sorted)),
      variant('in no order', () => rate(shuffled)),
    ],
    ROUNDS,
  );
  report(
    `tow admin rate of a file of ${LINES} lines`,
    rounds,
    ['parse', 'parse again'],
    [
      { title: 'sorted / parse', one: 'sorted', other: 'parse' },
      { title: 'in no order / parse', one: 'in no order', other: 'parse' },
    ],
  );
  const most = HEAP_MIB + BESIDE_MIB;
  for (const name of ['sorted', 'in no order']) {
    const peak = peaks.get(name) ?? Infinity;
    console.log(
      `  ${name}: at most ${peak.toFixed(0)} MiB resident  ${judged(peak <= most)} (goal ${most} MiB)`,
    );
  }
} finally {
  folder.remove();
}
