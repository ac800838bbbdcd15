import { statement } from './statement.js';

export const findAuthoritySql = statement<{ certificate: string; sealed_key: Buffer }>(
  'authority_find',
  'SELECT certificate, sealed_key FROM authorities WHERE domain = $1',
);

// The api may read no other column.
export const findRootSql = statement<{ certificate: string }>(
  'authority_root',
  'SELECT certificate FROM authorities WHERE domain = $1',
);

export const insertAuthoritySql = statement<unknown>(
  'authority_insert',
  `INSERT INTO authorities (domain, certificate, sealed_key, created_at) VALUES ($1, $2, $3, $4)
   ON CONFLICT (domain) DO NOTHING`,
);
