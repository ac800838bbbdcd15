import { createHash, type Hash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { TowpathError, type Digest } from '#libs/domain';

const INCOMING = 'incoming-';

/** What came out of a write: the content's digest and its bytes. */
export interface StoredBlob {
  digest: Digest;
  size: number;
}

/**
 * The content-addressed blob port over a folder: `sha256/<first 2 hex>/<64 hex>`. Several processes may share the
 * folder: a blob appears whole or not at all, and its name is its content.
 */
export class FolderBlobs {
  constructor(private readonly folder: string) {}

  /**
   * Stores a stream under its digest; the same content twice is kept once.
   * @param limit bytes; a longer stream is refused and leaves nothing
   * @param expected the digest the sender promised
   * @throws TowpathError PAYLOAD_TOO_LARGE over the limit, INVALID_ARGUMENT (field `digest`) on another digest
   */
  async write(
    source: Readable | AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    limit: number,
    expected?: Digest,
  ): Promise<StoredBlob> {
    await mkdir(this.folder, { recursive: true });
    const incoming = await mkdtemp(join(this.folder, INCOMING));
    try {
      const file = join(incoming, 'blob');
      const meter = new Meter(limit);
      await pipeline(
        source instanceof Readable ? source : Readable.from(source),
        meter,
        createWriteStream(file, { flush: true }),
      );
      const digest = meter.digest();
      if (expected !== undefined && digest !== expected) throw wrongDigest(expected, digest);
      await this.keep(file, digest);
      return { digest, size: meter.size };
    } finally {
      await rm(incoming, { recursive: true, force: true });
    }
  }

  /** The content, verified while it is read: the stream errors at its end when the file was damaged. */
  read(digest: Digest): Readable {
    const verified = new Verify(digest);
    createReadStream(this.path(digest))
      .on('error', (error: NodeJS.ErrnoException) =>
        verified.destroy(error.code === 'ENOENT' ? missing(digest) : error),
      )
      .pipe(verified);
    return verified;
  }

  async has(digest: Digest): Promise<boolean> {
    return (await this.size(digest)) !== undefined;
  }

  /** Bytes of the blob, undefined when it is not there. */
  async size(digest: Digest): Promise<number | undefined> {
    const found = await stat(this.path(digest)).catch(() => undefined);
    return found?.size;
  }

  /** When it was written last (UTC ms), undefined when it is not there. Writing it again makes it young again. */
  async writtenAt(digest: Digest): Promise<number | undefined> {
    const found = await stat(this.path(digest)).catch(() => undefined);
    return found?.mtimeMs;
  }

  /** Every blob there is, a folder at a time. */
  async *list(): AsyncGenerator<Digest> {
    const folder = join(this.folder, 'sha256');
    for (const start of await readdir(folder).catch(() => [])) {
      for (const hex of await readdir(join(folder, start)).catch(() => []))
        if (/^[0-9a-f]{64}$/.test(hex)) yield `sha256:${hex}`;
    }
  }

  /** Removes a blob; removing what is not there is no error. */
  async delete(digest: Digest): Promise<void> {
    await rm(this.path(digest), { force: true });
  }

  /** Removes what writes that never ended left behind before that time (UTC ms). */
  async removeAbandoned(before: number): Promise<void> {
    const names = await readdir(this.folder).catch(() => []);
    for (const name of names.filter((n) => n.startsWith(INCOMING))) {
      const path = join(this.folder, name);
      const found = await stat(path).catch(() => undefined);
      if (found && found.mtimeMs < before) await rm(path, { recursive: true, force: true });
    }
  }

  private async keep(file: string, digest: Digest): Promise<void> {
    const folder = join(this.path(digest), '..');
    await mkdir(folder, { recursive: true });
    await rename(file, this.path(digest));
    const handle = await open(folder, 'r');
    // A rename is durable only once its folder is.
    await handle.sync().finally(() => handle.close());
  }

  private path(digest: Digest): string {
    const hex = /^sha256:([0-9a-f]{64})$/.exec(digest)?.[1];
    if (hex === undefined)
      throw new TowpathError('INVALID_ARGUMENT', 'A digest is `sha256:` and 64 hex digits.');
    return join(this.folder, 'sha256', hex.slice(0, 2), hex);
  }
}

/** Counts and hashes what passes; errors above the limit. */
class Meter extends Transform {
  size = 0;
  private readonly hash: Hash = createHash('sha256');

  constructor(private readonly limit: number) {
    super();
  }

  digest(): Digest {
    return `sha256:${this.hash.digest('hex')}`;
  }

  override _transform(
    chunk: Buffer,
    _encoding: string,
    done: (error: Error | null, data?: Buffer) => void,
  ): void {
    this.size += chunk.length;
    if (this.size > this.limit) {
      done(new TowpathError('PAYLOAD_TOO_LARGE', `The content is larger than ${this.limit} bytes.`));
      return;
    }
    this.hash.update(chunk);
    done(null, chunk);
  }
}

class Verify extends Transform {
  private readonly hash: Hash = createHash('sha256');

  constructor(private readonly expected: Digest) {
    super();
  }

  override _transform(
    chunk: Buffer,
    _encoding: string,
    done: (error: Error | null, data?: Buffer) => void,
  ): void {
    this.hash.update(chunk);
    done(null, chunk);
  }

  override _flush(done: (error?: Error) => void): void {
    const digest = `sha256:${this.hash.digest('hex')}`;
    done(digest === this.expected ? undefined : new Error(`blob ${this.expected} is damaged`));
  }
}

function wrongDigest(expected: Digest, found: Digest): TowpathError {
  return new TowpathError('INVALID_ARGUMENT', 'The content does not have the digest that was promised.', {
    violations: [{ field: 'digest', message: `was promised as ${expected} but is ${found}` }],
    nextStep: 'Send the content again.',
  });
}

function missing(digest: Digest): TowpathError {
  return new TowpathError('NOT_FOUND', `There is no content with the digest ${digest}.`);
}
