import { defineConfig } from 'prisma/config';

// `prisma generate` needs no server; migrations are plain SQL, applied by libs/store.
export default defineConfig({
  schema: 'prisma/schema',
  migrations: { path: 'prisma/migrations' },
  datasource: { url: process.env['DATABASE_URL'] ?? 'postgresql://unused:unused@127.0.0.1:1/unused' },
});
