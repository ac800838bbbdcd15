import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { defineCommand } from '../../command.js';
import { path } from '../../client/path.js';
import { connectionProblem } from '../../client/problem.js';
import type { WhoamiView } from '../../client/wire.types.js';

/** `tow orgs export --output FILE`: the file appears when all of it has arrived. */
export const orgsExport = defineCommand<[], { output: string }>({
  calls: ['GET /v1/organizations/{organization}/export', 'GET /v1/whoami'],
  declare(command) {
    command.requiredOption('--output <file>', 'where to write the tar.gz');
  },
  async run(tow, _none, { output }) {
    const client = await tow.client();
    const { organization } = await client.get<WhoamiView>('/v1/whoami');
    const file = resolve(tow.io.cwd, output);
    const part = `${file}.part`;
    const answer = await client.download(path`/v1/organizations/${organization.id}/export`);
    try {
      await tow.progress.waiting(`writing ${output}`, () =>
        pipeline(answer, createWriteStream(part, { mode: 0o600 })),
      );
    } catch (error) {
      await rm(part, { force: true });
      throw connectionProblem(error, client.where);
    }
    await rename(part, file);
    tow.out.thing({ organization: organization.id, file }, { Organization: organization.id, File: file });
    return undefined;
  },
});
