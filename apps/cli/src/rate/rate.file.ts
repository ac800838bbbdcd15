import {
  parseUsageEntry,
  TowpathError,
  rateUsage,
  UsageFold,
  type FoldCounts,
  type PriceSchedule,
  type Rating,
  type UsageEntry,
} from '#libs/domain';
import { usageError } from '../exit.js';
import { inFile } from './file.errors.js';
import { linesOf, type Line } from './lines.js';
import { keyOfEntry, sortedLines } from './sorted.lines.js';

/** What is asked of a usage file. */
export interface RateQuestion {
  schedule: PriceSchedule;
  usagePath: string;
  fromMs: number | undefined;
  toMs: number | undefined;
  signal: AbortSignal;
}

export interface RateAnswer extends Rating {
  counts: FoldCounts;
}

/**
 * Rates a usage file by a price plan: line by line when it is sorted already, else sorted first through temporary files.
 * @throws CliError naming the line; then nothing was rated
 */
export async function rateFile(question: RateQuestion): Promise<RateAnswer> {
  const { usagePath, signal } = question;
  const inPlace = await foldLines(question, linesOf(usagePath, signal), true);
  const fold =
    inPlace ?? (await foldLines(question, sortedLines(usagePath, keyOfLine(usagePath), signal), false));
  if (fold === undefined) throw usageError(`${usagePath} cannot be sorted.`);
  const { folded, held } = fold.finish();
  return { counts: fold.counts, ...rateUsage(question.schedule, folded, held) };
}

/** Feeds lines into a fold; undefined when they turn out to be out of order and that may still be mended. */
async function foldLines(
  { schedule, usagePath, fromMs, toMs }: RateQuestion,
  pages: AsyncGenerator<Line[]>,
  mendable: boolean,
): Promise<UsageFold | undefined> {
  const fold = new UsageFold(schedule, { fromMs, toMs });
  const order = new Order();
  for await (const lines of pages) {
    if (!foldPage(fold, lines, usagePath, (entry) => !mendable || order.holds(entry))) return undefined;
  }
  return fold;
}

/** @returns false when an entry is out of order */
function foldPage(
  fold: UsageFold,
  lines: readonly Line[],
  path: string,
  inOrder: (entry: UsageEntry) => boolean,
): boolean {
  let number = 0;
  return inFile(
    () => `${path}, line ${number}`,
    () => {
      for (const line of lines) {
        ({ number } = line);
        const entry = entryOf(line);
        if (!inOrder(entry)) return false;
        fold.add(entry);
      }
      return true;
    },
  );
}

/** Whether entries come as a fold wants them: revisions first, then by start. */
class Order {
  private key = -1;

  holds(entry: UsageEntry): boolean {
    const key = keyOfEntry(entry);
    if (key < this.key) return false;
    this.key = key;
    return true;
  }
}

function keyOfLine(path: string): (line: Line) => number {
  return (line) =>
    inFile(
      () => `${path}, line ${line.number}`,
      () => keyOfEntry(entryOf(line)),
    );
}

function entryOf({ text }: Line): UsageEntry {
  return parseUsageEntry(jsonOf(text));
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new TowpathError('INVALID_ARGUMENT', 'is not JSON', {
      nextStep: 'Each line is one JSON object: docs/prices/README.md says which.',
    });
  }
}
