import type { Command } from 'commander';
import { secretText } from '../prompt.js';
import type { Tow } from '../tow.js';

export interface ValueFlags {
  valueFile?: string;
}

/** There is no flag for the value itself: a command line is seen by other programs and kept in histories. */
export function declareValueFlag(command: Command): void {
  command.option(
    '--value-file <file>',
    'a file that holds the value, - for stdin; otherwise a hidden question',
  );
}

/** The value as it was given; one line break at its end, which editors and `echo` add, is dropped. */
export async function secretValue(tow: Tow, flags: ValueFlags): Promise<string> {
  const text = await secretText(tow, { file: flags.valueFile, flag: '--value-file', what: 'Value' });
  return text.replace(/\r?\n$/, '');
}
