import type { Command } from 'commander';
import type { Tow } from './tow.js';

/**
 * One command of `tow`. A file declares its flags, calls the client and prints; it is loaded only when it is run.
 * `Args` are its positional arguments in order, `Options` its own flags.
 */
export interface CommandSpec<Args extends unknown[] = unknown[], Options = object> {
  /** The REST operations it calls, as `METHOD /path` of the contract. */
  calls: readonly string[];
  declare(command: Command): void;
  /** Resolves with the exit code when it is not 0. */
  run(tow: Tow, args: Args, options: Options): Promise<number | undefined>;
}

/** A command's place in the tree: cheap, so that the whole tree is known without loading any command. */
export interface CommandEntry {
  /** Its words, e.g. `services list`. */
  words: string;
  summary: string;
  load(): Promise<CommandSpec>;
}

/** Gives a command file its types. */
export function defineCommand<Args extends unknown[], Options>(
  spec: CommandSpec<Args, Options>,
): CommandSpec<Args, Options> {
  return spec;
}
