import type { Command } from 'commander';
import { defineCommand, type CommandSpec } from './command.js';
import { listAll } from './client/pages.js';
import type { Query } from './client/path.js';
import { wholeNumber } from './flags/quantity.js';
import type { Columns } from './output/table.js';
import type { Tow } from './tow.js';

interface ListFlags {
  limit?: number;
}

/** A command that prints one list of the API as a table. */
export interface ListSpec<T, Options> {
  calls: readonly string[];
  columns: Columns<T>;
  /** What to say when the list is empty. */
  nothing: string;
  /** How many rows are read without --limit; all when absent. */
  usual?: number;
  declare?(command: Command): void;
  address(tow: Tow, options: Options): Promise<string>;
  query?(options: Options): Query;
}

export function listCommand<T, Options = object>(
  spec: ListSpec<T, Options>,
): CommandSpec<[], Options & ListFlags> {
  return defineCommand<[], Options & ListFlags>({
    calls: spec.calls,
    declare(command) {
      spec.declare?.(command);
      command.option('--limit <n>', 'print so many at most', wholeNumber('--limit'), spec.usual);
    },
    async run(tow, _args, options) {
      const address = await spec.address(tow, options);
      const rows = await listAll<T>(await tow.client(), address, spec.query?.(options) ?? {}, options.limit);
      tow.out.list(rows, spec.columns, spec.nothing);
      return undefined;
    },
  });
}
