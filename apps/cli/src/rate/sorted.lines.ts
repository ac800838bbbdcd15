import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { UsageEntry } from '#libs/domain';
import { linesOf, MAX_LINE, type Line } from './lines.js';

/** How many lines are sorted in memory at a time. */
export const RUN_LINES = 200_000;

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

async function* merge(files: readonly string[], signal: AbortSignal): AsyncGenerator<Line[]> {
  const heads: { next: Keyed[]; more: AsyncGenerator<Line[], void> }[] = [];
  for (const file of files) heads.push({ next: [], more: linesOf(file, signal, MAX_LINE + 64) });
  let page: Line[] = [];
  for (;;) {
    for (const head of heads) if (head.next.length === 0) head.next = await refill(head.more);
    const least = heads.reduce<(typeof heads)[number] | undefined>((a, b) => earlier(a, b), undefined);
    const line = least?.next.pop();
    if (line === undefined) break;
    page.push(line);
    if (page.length < 1_000) continue;
    yield page;
    page = [];
  }
  yield page;
}

function earlier<T extends { next: Keyed[] }>(a: T | undefined, b: T): T | undefined {
  const [first, second] = [a?.next.at(-1), b.next.at(-1)];
  if (second === undefined) return a;
  return first === undefined || inOrder(second, first) < 0 ? b : a;
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
