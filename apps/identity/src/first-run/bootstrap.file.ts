import { open, rename } from 'node:fs/promises';
import path from 'node:path';
import type { Id } from '#libs/domain';

/** What the first run hands to whoever started it; readable by its owner only. */
export interface Bootstrap {
  /** The platform operator's API key. */
  operatorKey: string;
  organizationId: Id<'org'>;
  /** Handle of the first project. */
  project: string;
  /** The cluster of the local runtime. */
  clusterId: Id<'cls'>;
  /** One-time tokens for the local agent and gateway. */
  joinTokens: { agent: string; gateway: string };
}

/** Writes the file whole or not at all, and returns when the disk has it. */
export async function writeBootstrap(file: string, bootstrap: Bootstrap): Promise<void> {
  const temporary = `${file}.new`;
  const handle = await open(temporary, 'w', 0o600);
  try {
    await handle.chmod(0o600);
    await handle.writeFile(`${JSON.stringify(bootstrap, null, 2)}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, file);
  const folder = await open(path.dirname(file), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
