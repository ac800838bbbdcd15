/**
 * The database part of `tow admin backup` and `tow admin restore` (tools/admin.mjs): a child process, so that the tools
 * need nothing of this project but files. Prints one JSON line.
 */
import { readFileSync } from 'node:fs';
import { loadConfig } from '#libs/process';
import { z } from 'zod';
import { dumpDatabase, type DumpedDatabase } from './backup.dump.js';
import { restoreDatabase } from './backup.restore.js';

const config = loadConfig(
  z.object({
    DATABASE_URL: z.string().min(1),
    TOWPATH_BACKUP_DIR: z.string().min(1),
    /** Only to restore: what the dump answered. */
    TOWPATH_BACKUP_MANIFEST: z.string().optional(),
    TOWPATH_MIGRATIONS_DIR: z.string().default('prisma/migrations'),
  }),
);
const { DATABASE_URL: ownerUrl, TOWPATH_BACKUP_DIR: directory, TOWPATH_BACKUP_MANIFEST: manifest } = config;

const say = (line: object): unknown => process.stdout.write(`${JSON.stringify(line)}\n`);

if (manifest === undefined) {
  say(await dumpDatabase(ownerUrl, directory));
} else {
  const dump = JSON.parse(readFileSync(manifest, 'utf8')) as DumpedDatabase;
  await restoreDatabase({ ownerUrl, directory, dump, migrations: config.TOWPATH_MIGRATIONS_DIR });
  say({ event: 'restored' });
}
