import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { connectionProblem } from '../../client/problem.js';
import { defineCommand } from '../../command.js';

/** `tow ledger export --output FILE`: the file appears when all of it has arrived. */
export const ledgerExport = defineCommand<[], { output: string }>({
  calls: ['GET /v1/ledger/export'],
  declare(command) {
    command
      .requiredOption('--output <file>', 'where to write it, one JSON object a line')
      .addHelpText('after', '\nCheck it without any server: tow admin ledger verify FILE');
  },
  async run(tow, _none, { output }) {
    const client = await tow.client();
    const file = resolve(tow.io.cwd, output);
    const part = `${file}.part`;
    const answer = await client.download('/v1/ledger/export');
    try {
      await pipeline(answer, createWriteStream(part, { mode: 0o600 }));
    } catch (error) {
      await rm(part, { force: true });
      throw connectionProblem(error, client.where);
    }
    await rename(part, file);
    tow.out.thing({ file }, { File: file });
    return undefined;
  },
});
