import { INTERRUPTED_EXIT, interrupted } from '../../exit.js';
import type { Tow } from '../../tow.js';

/** Runs a tool of the checkout that `tow` belongs to: it works beside the API, with the files of an installation. */
export async function runAdmin(tow: Tow, words: readonly string[], data?: string): Promise<number> {
  const { json, quiet } = tow.globals;
  const flags = [...(json === true ? ['--json'] : []), ...(quiet === true ? ['--quiet'] : [])];
  const folder = data === undefined ? [] : ['--data', data];
  const exit = await tow.io.runTool('admin', [...words, ...folder, ...flags]);
  if (exit === INTERRUPTED_EXIT) throw interrupted('Interrupted.');
  return exit;
}
