import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { defineCommand } from '../command.js';
import type { TrustView } from '../client/trust.types.js';
import { configPath } from '../config/config.file.js';
import { usageError } from '../exit.js';
import type { Tow } from '../tow.js';

interface TrustFlags {
  output?: string;
}

/** `tow trust`: keeps the installation's root certificate in a file and says how to trust it. */
export const trust = defineCommand<[], TrustFlags>({
  calls: ['GET /v1/trust'],
  declare(command) {
    command.option('--output <file>', 'where to write the certificate (default: beside the config file)');
  },
  async run(tow, _args, flags) {
    const root = await (await tow.client()).get<TrustView>('/v1/trust');
    const file = await fileOf(tow, flags);
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    await writeFile(file, root.certificate).catch((error: NodeJS.ErrnoException) => {
      throw usageError(`--output: ${file} cannot be written (${error.code ?? 'error'}).`);
    });
    tow.out.talk(howTo(file, root));
    tow.out.line({ ...root, file }, file);
    return undefined;
  },
});

async function fileOf(tow: Tow, { output }: TrustFlags): Promise<string> {
  if (output !== undefined) return resolve(tow.io.cwd, output);
  const { host } = new URL((await tow.client()).endpoint.url);
  return join(dirname(configPath(tow.io)), `trust-${host.replace(/[^a-z0-9.-]/gi, '-')}.pem`);
}

function howTo(file: string, { domain, fingerprint, expiresAt }: TrustView): string {
  return `The root certificate of ${domain}, until ${expiresAt.slice(0, 10)}; it vouches for no other domain.
SHA-256 ${fingerprint}

  once       curl --cacert ${file} https://…
  Node       export NODE_EXTRA_CA_CERTS=${file}
  Debian     sudo cp ${file} /usr/local/share/ca-certificates/towpath-${domain}.crt && sudo update-ca-certificates
  Fedora     sudo trust anchor ${file}
  Firefox    Settings, Certificates, Authorities, Import
`;
}
