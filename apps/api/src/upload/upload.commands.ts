import { once } from 'node:events';
import { PassThrough, type Readable } from 'node:stream';
import { TowpathError, refuseIfAny, type Digest } from '#libs/domain';
import { crashPoint } from '#libs/process';
import { checkArchive, holdFromSweep, insertUpload, type FolderBlobs, type StoredBlob } from '#libs/store';
import type { CommandCall } from '../call/call.js';
import type { ReceiveCall } from '../call/definition.js';
import { heldProjectOf, projectOf } from '../project/project.queries.js';
import { showUpload } from './upload.view.js';

/** Bytes of the largest source archive. */
export const MAX_UPLOAD_BYTES = 100 * 1024 * 1024;

export interface UploadInput {
  project: string;
  contentDigest?: string | undefined;
}

/** Takes the archive in as it comes: hashed, checked and written at once, never held in memory. */
export async function receiveUpload(
  call: ReceiveCall,
  input: UploadInput,
  body: Readable,
): Promise<StoredBlob> {
  const expected = input.contentDigest === undefined ? undefined : parseContentDigest(input.contentDigest);
  await call.read((reading) => projectOf(reading, input.project));
  const stored = await storeArchive(call.parts.blobs, body, expected);
  crashPoint('api.uploaded');
  return stored;
}

export async function createUpload(
  call: CommandCall,
  input: UploadInput,
  blob: StoredBlob,
): Promise<ReturnType<typeof showUpload>> {
  const { organizationId, id: projectId, handle } = await heldProjectOf(call, input.project);
  await holdFromSweep(call.tx, blob.digest);
  if (!(await call.parts.blobs.has(blob.digest))) {
    throw new TowpathError('UNAVAILABLE', 'The archive was swept away before it was noted.', {
      nextStep: 'Send it again.',
      retryAfterSeconds: 1,
    });
  }
  const stored = { id: call.newId('upl'), organizationId, projectId, ...blob, createdAt: call.now };
  const upload = await insertUpload(call.tx, stored);
  await call.audit(upload.id, { after: { digest: blob.digest, size: blob.size } });
  return showUpload(upload, handle);
}

/**
 * `sha-256=:<base64>:` (RFC 9530) to `sha256:<hex>`.
 * @throws TowpathError INVALID_ARGUMENT
 */
export function parseContentDigest(header: string): Digest {
  const base64 = /(?:^|,\s*)sha-256=:([A-Za-z0-9+/]{43}=):/.exec(header)?.[1];
  if (base64 === undefined) {
    refuseIfAny([{ field: 'Content-Digest', message: 'must be sha-256=:<base64 of the SHA-256>:' }]);
  }
  return `sha256:${Buffer.from(base64 ?? '', 'base64').toString('hex')}`;
}

/** The archive is judged while it is written, and the blob appears only when it is good. */
async function storeArchive(
  blobs: FolderBlobs,
  body: Readable,
  expected: Digest | undefined,
): Promise<StoredBlob> {
  const copy = new PassThrough();
  const judged = checkArchive(copy);
  judged.catch(() => undefined);
  try {
    return await blobs.write(judgedCopy(body, copy, judged), MAX_UPLOAD_BYTES, expected);
  } catch (error) {
    if (error instanceof TowpathError || !body.errored) throw error;
    throw new TowpathError('INVALID_ARGUMENT', 'The body ended before it was whole.', { cause: error });
  } finally {
    copy.destroy();
  }
}

async function* judgedCopy(
  body: Readable,
  copy: PassThrough,
  judged: Promise<unknown>,
): AsyncGenerator<Uint8Array> {
  // Not destroyed when refused: the answer travels over the same connection.
  for await (const chunk of body.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    if (copy.destroyed) await judged;
    else if (!copy.write(chunk)) await roomIn(copy, judged);
    yield chunk;
  }
  copy.end();
  await judged;
}

/** Waits for the judge to read on, or for its end: a judge that has refused reads no more. */
async function roomIn(copy: PassThrough, judged: Promise<unknown>): Promise<void> {
  const waiting = new AbortController();
  const { signal } = waiting;
  try {
    await Promise.race([once(copy, 'drain', { signal }), once(copy, 'close', { signal }), judged]);
  } finally {
    waiting.abort();
  }
}
