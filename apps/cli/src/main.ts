import { CommanderError } from 'commander';
import { COMMANDS } from './commands.js';
import type { CommandEntry } from './command.js';
import { CliError, usageError } from './exit.js';
import { processIo, type Io } from './io.js';
import { errorJson, errorLines } from './output/error.js';
import { buildProgram } from './program.js';

const USAGE = 2;

/** Runs one command line (without `node tow`) and resolves with its exit code. Writes only through `io`. */
export async function runTow(
  argv: readonly string[],
  io: Io,
  entries: readonly CommandEntry[] = COMMANDS,
): Promise<number> {
  let exit = 0;
  const program = buildProgram(io, entries, (code) => (exit = code));
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return exit;
  } catch (error) {
    if (error instanceof CommanderError && isHelp(error)) return error.exitCode === 0 ? 0 : USAGE;
    const known = error instanceof CommanderError ? misuse(error) : asCliError(error, io);
    const json = argv.includes('--json');
    io.stderr.write(`${json ? errorJson(known) : errorLines(known).join('\n')}\n`);
    return known.exit;
  }
}

/** Help and version are answers; a group of commands named alone shows its help too, but is no command. */
const isHelp = ({ code, exitCode }: CommanderError): boolean => exitCode === 0 || code === 'commander.help';

/** What the parser says, in the form of every other error. */
function misuse({ message }: CommanderError): CliError {
  const [sentence = '', suggestion] = message.replace(/^error: /, '').split('\n');
  const words = `${sentence.charAt(0).toUpperCase()}${sentence.slice(1).replace(/\.$/, '')}.`;
  const guess = suggestion === undefined ? '' : `${suggestion.replace(/^\(|\)$/g, '')} `;
  return usageError(words, `${guess}Add --help to see what it takes.`);
}

function asCliError(error: unknown, io: Io): CliError {
  if (error instanceof CliError) return error;
  if (io.signal.aborted) return new CliError('UNAVAILABLE', 'Interrupted.', { exit: 130 });
  const file = (error as NodeJS.ErrnoException).path;
  const words = error instanceof Error ? error.message : String(error);
  return new CliError('INTERNAL', file === undefined ? `tow itself failed: ${words}` : words, {
    cause: error,
  });
}

/** Runs the process's own command line: Ctrl-C aborts what is waited for, a second one ends the process. */
export async function runInProcess(version: string): Promise<void> {
  const interrupt = new AbortController();
  process.once('SIGINT', () => interrupt.abort());
  process.stdout.on('error', endOnClosedPipe);
  process.exitCode = await runTow(process.argv.slice(2), processIo(version, interrupt.signal));
}

/** `tow … | head` ends when head does; that is no failure. */
function endOnClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
}
