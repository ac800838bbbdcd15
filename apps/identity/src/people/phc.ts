/** Costs of argon2id and what it made, as the PHC string format holds them. */
export interface Phc {
  /** KiB. */
  memory: number;
  passes: number;
  parallelism: number;
  salt: Buffer;
  hash: Buffer;
}

/** Version 1.3 of Argon2, the only one there is today. */
const VERSION = 19;
const FORM = /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/;

/** `$argon2id$v=19$m=…,t=…,p=…$salt$hash` with base64 that is not padded. */
export function formatPhc({ memory, passes, parallelism, salt, hash }: Phc): string {
  const costs = `m=${memory},t=${passes},p=${parallelism}`;
  return `$argon2id$v=${VERSION}$${costs}$${unpadded(salt)}$${unpadded(hash)}`;
}

/** @throws Error when the text is no such string: a bug of ours or a broken row */
export function parsePhc(text: string): Phc {
  const [, memory, passes, parallelism, salt = '', hash = ''] = FORM.exec(text) ?? [];
  if (memory === undefined) throw new Error('a stored password hash has no known form');
  return {
    memory: Number(memory),
    passes: Number(passes),
    parallelism: Number(parallelism),
    salt: Buffer.from(salt, 'base64'),
    hash: Buffer.from(hash, 'base64'),
  };
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}
