import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import { TowpathError, type Id, type Random } from '#libs/domain';
import { findDataKeySql, findSealedVersionSql, insertDataKeySql } from './sealing.sql.js';
import { time } from './row.js';
import type { Tx } from './statement.js';

/** Envelope encryption: AES-256-GCM; a data key per organization, wrapped by the installation's master key. */
const CIPHER = 'aes-256-gcm';
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** An organization's newest data key, unwrapped; never stored or logged. */
export interface DataKey {
  id: number;
  key: Buffer;
}

/**
 * Reads the master key from the text of its file: 64 hex digits.
 * @throws Error that names the shape, never the content
 */
export function parseMasterKey(text: string): Buffer {
  const hex = text.trim();
  if (!/^[0-9a-f]{64}$/i.test(hex)) throw new Error('the master key file must hold 64 hex digits');
  return Buffer.from(hex, 'hex');
}

/** nonce (12) + ciphertext + tag (16), bound to `about`: opening with another `about` fails. */
export function seal(key: Uint8Array, about: string, plain: Uint8Array): Buffer {
  // The nonce comes from the system's randomness, never from one that a test may repeat: a repeated nonce breaks GCM.
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key, nonce).setAAD(Buffer.from(about));
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

/** @throws Error when key, `about` or content differ from what was sealed */
export function unseal(key: Uint8Array, about: string, sealed: Uint8Array): Buffer {
  const nonce = sealed.subarray(0, NONCE_BYTES);
  const body = sealed.subarray(NONCE_BYTES, sealed.length - TAG_BYTES);
  const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.from(about)).setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
  return Buffer.concat([decipher.update(body), decipher.final()]);
}

/** A keyed digest of a request, so that what is stored of it lets nobody guess a secret in it. */
export function keyedDigest(masterKey: Uint8Array, text: string): string {
  return createHmac('sha256', masterKey).update('fingerprint|').update(text).digest('hex');
}

/** What a sealed value is bound to (design: organization|secret|number). */
export function secretBinding(organizationId: string, secretId: string, number: number): string {
  return `${organizationId}|${secretId}|${number}`;
}

/** The organization's data key; made and wrapped at the first use. */
export async function dataKeyOf(
  tx: Tx,
  organizationId: string,
  masterKey: Uint8Array,
  made: { now: number; random: Random },
): Promise<DataKey> {
  const known = await tx.one(findDataKeySql, [organizationId, null]);
  if (known) return { id: known.id, key: unwrap(organizationId, known, masterKey) };
  const wrapped = seal(masterKey, `${organizationId}|1`, made.random(KEY_BYTES));
  await tx.run(insertDataKeySql, [organizationId, 1, wrapped, time(made.now)]);
  // Another request may have been first: what is stored counts.
  const stored = await tx.one(findDataKeySql, [organizationId, null]);
  if (!stored) throw new Error('the data key was not stored');
  return { id: stored.id, key: unwrap(organizationId, stored, masterKey) };
}

/**
 * Opens one version of a secret, for sealing it to an agent (deployer). Never for an answer.
 * @throws TowpathError NOT_FOUND when there is no such version
 */
export async function openSecretVersion(
  tx: Tx,
  organizationId: string,
  secretId: Id<'sec'>,
  number: number,
  masterKey: Uint8Array,
): Promise<Buffer> {
  const version = await tx.one(findSealedVersionSql, [organizationId, secretId, number]);
  const about = secretBinding(organizationId, secretId, number);
  const sealed = version && { keyId: version.data_key_id, about, content: version.sealed };
  const opened = sealed && (await openSealed(tx, organizationId, sealed, masterKey));
  if (!opened)
    throw new TowpathError('NOT_FOUND', `There is no version ${number} of the secret ${secretId}.`);
  return opened;
}

/** Opens what was sealed with a data key of the organization; undefined when that key is gone (erased). */
export async function openSealed(
  tx: Tx,
  organizationId: string,
  sealed: { keyId: number; about: string; content: Uint8Array },
  masterKey: Uint8Array,
): Promise<Buffer | undefined> {
  const dataKey = await tx.one(findDataKeySql, [organizationId, sealed.keyId]);
  return dataKey && unseal(unwrap(organizationId, dataKey, masterKey), sealed.about, sealed.content);
}

function unwrap(organizationId: string, row: { id: number; wrapped: Buffer }, masterKey: Uint8Array): Buffer {
  return unseal(masterKey, `${organizationId}|${row.id}`, row.wrapped);
}
