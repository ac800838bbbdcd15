/** The database part of `tow admin held` (tools/admin.mjs): lists held services, or takes the operator's word for some. */
import { loadConfig } from '#libs/process';
import { z } from 'zod';
import { Database } from './database.js';
import { listHeld, releaseHeld } from './held.store.js';

const config = loadConfig(
  z.object({
    TOWPATH_SYSTEM_DATABASE_URL: z.string().min(1),
    /** Ids of the services to release, by comma. */
    TOWPATH_RELEASE: z.string().default(''),
  }),
);

const db = Database.open({ systemUrl: config.TOWPATH_SYSTEM_DATABASE_URL });
const released = await db.asSystem(async (tx) => {
  const done: string[] = [];
  for (const id of config.TOWPATH_RELEASE.split(',').filter(Boolean)) {
    if (await releaseHeld(tx, id, Date.now())) done.push(id);
  }
  return done;
});
const held = await db.asSystem(listHeld);
await db.close();
process.stdout.write(`${JSON.stringify({ held, released })}\n`);
