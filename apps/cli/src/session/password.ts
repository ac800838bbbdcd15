import type { Command } from 'commander';
import { usageError } from '../exit.js';
import { readAll, secretText } from '../prompt.js';
import type { Tow } from '../tow.js';

export interface PasswordFlags {
  passwordStdin?: boolean;
}

/** There is no flag for a password itself: a command line is seen by other programs and kept in histories. */
export function declarePasswordFlag(command: Command, what: string): void {
  command.option('--password-stdin', `read ${what} from stdin; otherwise a hidden question`);
}

/** One password; a new one is asked twice on a terminal. */
export async function passwordText(
  tow: Tow,
  flags: PasswordFlags,
  question: { what: string; twice?: boolean },
): Promise<string> {
  if (flags.passwordStdin) return (await readAll(tow.io)).replace(/\r?\n$/, '');
  return asked(tow, question);
}

/** Two passwords, the present and the new one: two lines of stdin, or hidden questions. */
export async function passwordTexts(tow: Tow, flags: PasswordFlags): Promise<[string, string]> {
  if (!flags.passwordStdin) {
    return [
      await asked(tow, { what: 'Present password' }),
      await asked(tow, { what: 'New password', twice: true }),
    ];
  }
  const [current = '', next = ''] = (await readAll(tow.io)).split(/\r?\n/);
  return [current, next];
}

async function asked(tow: Tow, { what, twice = false }: { what: string; twice?: boolean }): Promise<string> {
  const text = await secretText(tow, { file: undefined, flag: '--password-stdin', what });
  if (!twice) return text;
  const again = await secretText(tow, { file: undefined, flag: '--password-stdin', what: 'The same again' });
  if (again === text) return text;
  throw usageError('The two passwords are not the same.');
}
