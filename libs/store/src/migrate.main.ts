import { loadConfig } from '#libs/process';
import { z } from 'zod';
import { migrate } from './migrate.js';

const config = loadConfig(
  z.object({
    DATABASE_URL: z.string().min(1),
    TOWPATH_API_PASSWORD: z.string().min(1),
    TOWPATH_SYSTEM_PASSWORD: z.string().min(1),
    TOWPATH_MIGRATIONS_DIR: z.string().default('prisma/migrations'),
  }),
);

const applied = await migrate({
  ownerUrl: config.DATABASE_URL,
  directory: config.TOWPATH_MIGRATIONS_DIR,
  apiPassword: config.TOWPATH_API_PASSWORD,
  systemPassword: config.TOWPATH_SYSTEM_PASSWORD,
});
process.stdout.write(`${JSON.stringify({ event: 'migrated', applied })}\n`);
