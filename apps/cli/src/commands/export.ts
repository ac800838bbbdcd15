import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { connectionProblem } from '../client/problem.js';
import { defineCommand } from '../command.js';

/** `tow export [SERVICE]`: what runs in the project as Kubernetes and Knative objects, without anything of Towpath. */
export const exportManifest = defineCommand<[string | undefined], { output?: string }>({
  calls: ['GET /v1/projects/{project}/manifest'],
  declare(command) {
    command
      .argument('[service]', 'this service only (default: every service of the project)')
      .option('--output <file>', 'where to write it (default: here)')
      .addHelpText(
        'after',
        '\nRun it elsewhere: tow export | kubectl apply -f -. What it needs besides stands above each service.',
      );
  },
  async run(tow, [service], { output }) {
    const client = await tow.client();
    const query = service === undefined ? '' : `?service=${encodeURIComponent(service)}`;
    const answer = await client.download(`${await tow.projectPath()}/manifest${query}`);
    const parts: Buffer[] = [];
    try {
      for await (const part of answer as AsyncIterable<Buffer>) parts.push(part);
    } catch (error) {
      throw connectionProblem(error, client.where);
    }
    const manifest = Buffer.concat(parts).toString();
    if (output === undefined) {
      tow.out.line({ manifest }, manifest.trimEnd());
      return undefined;
    }
    const file = resolve(tow.io.cwd, output);
    await writeFile(file, manifest);
    tow.out.thing({ file }, { File: file });
    return undefined;
  },
});
