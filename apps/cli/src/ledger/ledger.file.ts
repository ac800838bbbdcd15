import { createHash, createPublicKey, verify, type JsonWebKey } from 'node:crypto';
import { LedgerVerifier, type LedgerReport } from '#libs/domain';
import { inFile } from '../rate/file.errors.js';
import { linesOf } from '../rate/lines.js';

/** A row of a seal with many entries stays far below it. */
const MAX_ROW = 1 << 20;

/**
 * Checks an export of a ledger, reading it once.
 * @param kept hash of a seal or of the end of a day that the file must hold or go on from
 * @throws CliError naming the first line that is not right
 */
export async function verifyLedgerFile(
  path: string,
  signal: AbortSignal,
  kept?: string,
): Promise<LedgerReport> {
  const verifier = new LedgerVerifier(
    (bytes) => createHash('sha256').update(bytes).digest(),
    (kid, jwk, hash, signature) => isSignedBy(kid, jwk as JsonWebKey, hash, signature),
    kept,
  );
  for await (const lines of linesOf(path, signal, { maxLine: MAX_ROW })) {
    for (const { text } of lines)
      inFile(
        () => path,
        () => verifier.add(text),
      );
  }
  return inFile(
    () => path,
    () => verifier.finish(),
  );
}

/** Ed25519, by a key whose id is its RFC 7638 thumbprint: nobody puts another key under a known id. */
function isSignedBy(kid: string, jwk: JsonWebKey, hash: string, signature: string): boolean {
  const { crv, kty, x } = jwk;
  const thumbprint = createHash('sha256').update(JSON.stringify({ crv, kty, x })).digest('base64url');
  if (kid !== thumbprint || crv !== 'Ed25519') return false;
  const key = createPublicKey({ key: jwk, format: 'jwk' });
  return verify(null, Buffer.from(hash, 'hex'), key, Buffer.from(signature, 'base64url'));
}
