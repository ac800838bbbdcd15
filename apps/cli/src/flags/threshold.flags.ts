import type { Command } from 'commander';
import { BUDGET_BASES, type Threshold } from '#libs/domain';
import { usageError } from '../exit.js';

export interface ThresholdFlags {
  threshold?: Threshold[];
}

/** `80`, `80:actual`, `100:forecast`. */
export function thresholdOf(text: string): Threshold {
  const [, digits, word = 'actual'] = /^(\d{1,6})%?(?::([a-z]+))?$/.exec(text) ?? [];
  const on = BUDGET_BASES.find((basis) => basis === word);
  if (digits === undefined || on === undefined) {
    throw usageError(`--threshold: "${text}" is not a threshold.`, 'Write 80 or 100:forecast.');
  }
  return { percent: Number(digits), on };
}

/** `--threshold`, as often as wanted. */
export function declareThresholds(command: Command): Command {
  return command.option(
    '--threshold <percent>',
    'give notice at so many percent, e.g. 80 or 100:forecast; may be given several times',
    (text: string, before: Threshold[] = []) => [...before, thresholdOf(text)],
  );
}
