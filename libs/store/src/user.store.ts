import type { User } from '#libs/domain';
import { ms, time } from './row.js';
import type { Tx } from './statement.js';
import {
  findUserByEmailSql,
  findUserSql,
  findUserWithHashSql,
  insertUserSql,
  replaceHashSql,
  type UserRow,
  type UserWithHashRow,
} from './user.sql.js';

/** A person with the hash of its password; system role only, never shown or logged. */
export interface UserWithHash extends User {
  passwordHash: string;
}

/** By the normalised address; system role only. */
export async function findUserByEmail(tx: Tx, email: string): Promise<UserWithHash | undefined> {
  const row = await tx.one(findUserByEmailSql, [email]);
  return row && withHash(row);
}

/** System role only. */
export async function findUserWithHash(tx: Tx, id: string): Promise<UserWithHash | undefined> {
  const row = await tx.one(findUserWithHashSql, [id]);
  return row && withHash(row);
}

/** Under the api's role: only members of the bound organization. */
export async function findUser(tx: Tx, id: string): Promise<User | undefined> {
  const row = await tx.one(findUserSql, [id]);
  return row && toUser(row);
}

/** Undefined when somebody has that address already. */
export async function insertUser(tx: Tx, user: UserWithHash): Promise<User | undefined> {
  const row = await tx.one(insertUserSql, [user.id, user.email, user.passwordHash, time(user.createdAt)]);
  return row && toUser(row);
}

/** Replaces a password's hash, unless it changed since it was read. */
export async function replacePasswordHash(
  tx: Tx,
  id: string,
  hashes: { from: string; to: string },
  now: number,
): Promise<boolean> {
  return (await tx.one(replaceHashSql, [id, hashes.from, hashes.to, time(now)])) !== undefined;
}

function toUser({ id, email, created_at: createdAt }: UserRow): User {
  return { id, email, createdAt: ms(createdAt) };
}

function withHash(row: UserWithHashRow): UserWithHash {
  return { ...toUser(row), passwordHash: row.password_hash };
}
