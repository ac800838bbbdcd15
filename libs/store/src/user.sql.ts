import type { User } from '#libs/domain';
import { statement } from './statement.js';

export interface UserRow {
  id: User['id'];
  email: string;
  created_at: Date;
}

export interface UserWithHashRow extends UserRow {
  password_hash: string;
}

export const findUserByEmailSql = statement<UserWithHashRow>(
  'user_find_by_email',
  'SELECT id, email, created_at, password_hash FROM users WHERE email = $1',
);

export const findUserWithHashSql = statement<UserWithHashRow>(
  'user_find_with_hash',
  'SELECT id, email, created_at, password_hash FROM users WHERE id = $1',
);

/** The columns the api's role may read. */
export const findUserSql = statement<UserRow>(
  'user_find',
  'SELECT id, email, created_at FROM users WHERE id = $1',
);

export const insertUserSql = statement<UserRow>(
  'user_insert',
  `INSERT INTO users (id, email, password_hash, created_at, password_changed_at) VALUES ($1, $2, $3, $4, $4)
   ON CONFLICT (email) DO NOTHING RETURNING id, email, created_at`,
);

export const replaceHashSql = statement<{ id: string }>(
  'user_replace_hash',
  `UPDATE users SET password_hash = $3, password_changed_at = $4 WHERE id = $1 AND password_hash = $2
   RETURNING id`,
);
