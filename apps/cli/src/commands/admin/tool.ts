import { INTERRUPTED_EXIT, interrupted } from '../../exit.js';
import type { Tow } from '../../tow.js';

/** Runs a tool of the checkout that `tow` belongs to: it works beside the API, with the files of an installation. */
export async function runAdmin(tow: Tow, words: readonly string[], data?: string): Promise<number> {
  const json = tow.globals.json === true ? ['--json'] : [];
  const folder = data === undefined ? [] : ['--data', data];
  const exit = await tow.io.runTool([...words, ...folder, ...json]);
  if (exit === INTERRUPTED_EXIT) throw interrupted('Interrupted.');
  return exit;
}
