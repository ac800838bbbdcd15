import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { UsageEntry } from '#libs/domain';
import { linesOf, MAX_LINE, type Line } from './lines.js';

/** How many lines are sorted in memory at a time. */
export const RUN_LINES = 100_000;
/** What is read of each run at a time: there may be hundreds of runs. */
const MERGE_BYTES = 1 << 16;

interface Keyed extends Line {
  key: number;
}

/**
 * The lines of a file in the order a fold wants, with bounded memory: runs are sorted, written into a temporary folder,
 * and merged from there. The folder is gone afterwards.
 * @param keyOf what a line is sorted by
 */
export async function* sortedLines(
  path: string,
  keyOf: (line: Line) => number,
  signal: AbortSignal,
  { runLines = RUN_LINES, temporary = tmpdir() } = {},
): AsyncGenerator<Line[]> {
  const folder = await mkdtemp(join(temporary, 'tow-rate-'));
  try {
    const runs: string[] = [];
    for await (const run of runsOf(path, keyOf, signal, runLines)) {
      const file = join(folder, String(runs.length));
      await pipeline(Readable.from(pages(run)), createWriteStream(file));
      runs.push(file);
    }
    yield* merge(runs, signal);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The key of an entry: revisions first, then by start. */
export function keyOfEntry(entry: UsageEntry): number {
  return entry.kind === 'revision' ? -1 : entry.startMs;
}

async function* runsOf(
  path: string,
  keyOf: (line: Line) => number,
  signal: AbortSignal,
  runLines: number,
): AsyncGenerator<Keyed[]> {
  let run: Keyed[] = [];
  for await (const lines of linesOf(path, signal)) {
    for (const line of lines) run.push({ ...line, key: keyOf(line) });
    if (run.length < runLines) continue;
    yield run.sort(inOrder);
    run = [];
  }
  if (run.length > 0) yield run.sort(inOrder);
}

/** Some hundred lines of text at a time, each with its key and number before it. */
function* pages(run: readonly Keyed[]): Generator<string> {
  const PAGE = 1_000;
  for (let from = 0; from < run.length; from += PAGE) {
    yield run
      .slice(from, from + PAGE)
      .map(({ key, number, text }) => `${key} ${number} ${text}\n`)
      .join('');
  }
}

/** A run that is being merged; its next line stands last. */
interface Head {
  next: Keyed[];
  more: AsyncGenerator<Line[], void>;
}

async function* merge(files: readonly string[], signal: AbortSignal): AsyncGenerator<Line[]> {
  const heads: Head[] = [];
  for (const file of files) {
    const more = linesOf(file, signal, { maxLine: MAX_LINE + 64, chunkBytes: MERGE_BYTES });
    insert(heads, { next: await refill(more), more });
  }
  let page: Line[] = [];
  for (let head = heads.shift(); head !== undefined; head = heads.shift()) {
    page.push(head.next.pop() as Keyed);
    if (head.next.length === 0) head.next = await refill(head.more);
    insert(heads, head);
    if (page.length < 1_000) continue;
    yield page;
    page = [];
  }
  yield page;
}

/** Puts a head where its next line belongs; one without a line is done. */
function insert(heads: Head[], head: Head): void {
  const line = head.next.at(-1);
  if (line === undefined) return;
  let [low, high] = [0, heads.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (inOrder(heads[middle]?.next.at(-1) as Keyed, line) < 0) low = middle + 1;
    else high = middle;
  }
  heads.splice(low, 0, head);
}

/** The next lines of a run, the first of them last. */
async function refill(more: AsyncGenerator<Line[], void>): Promise<Keyed[]> {
  for (;;) {
    const page = await more.next();
    if (page.done === true) return [];
    if (page.value.length > 0) return page.value.map(({ text }) => keyed(text)).reverse();
  }
}

function keyed(written: string): Keyed {
  const first = written.indexOf(' ');
  const second = written.indexOf(' ', first + 1);
  return {
    key: Number(written.slice(0, first)),
    number: Number(written.slice(first + 1, second)),
    text: written.slice(second + 1),
  };
}

function inOrder(a: Keyed, b: Keyed): number {
  return a.key - b.key || a.number - b.number;
}
