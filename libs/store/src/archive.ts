import { createWriteStream } from 'node:fs';
import { copyFile, mkdir, symlink } from 'node:fs/promises';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { Parser, type ReadEntry } from 'tar';
import { TowpathError, type Violation } from '#libs/domain';
import { ArchiveRules, SOURCE_LIMITS, type AcceptedEntry, type ArchiveLimits } from './archive.rules.js';

/** What an accepted archive holds. */
export interface ArchiveReport {
  entries: number;
  unpackedBytes: number;
  /** Names directly in the root, e.g. `package.json`. */
  rootNames: string[];
}

const MAX_VIOLATIONS = 20;
const TAR_BLOCK = 512;
const GZIP = Buffer.from([0x1f, 0x8b]);

/**
 * Reads a tar.gz once and writes nothing.
 * @throws TowpathError INVALID_ARGUMENT with up to 20 violations (field `archive`) when any entry is refused, the
 * archive is broken, or it is a bomb
 */
export function checkArchive(
  source: Readable,
  limits: ArchiveLimits = SOURCE_LIMITS,
): Promise<ArchiveReport> {
  return walk(source, limits, undefined);
}

/**
 * Unpacks a tar.gz into an existing empty folder under the same rules. Files get mode 755 or 644, owners and times
 * are not kept; links are made last, so nothing is ever written through one. On an error the folder's content is
 * half-done: the caller removes it.
 */
export function unpackArchive(
  source: Readable,
  folder: string,
  limits: ArchiveLimits = SOURCE_LIMITS,
): Promise<ArchiveReport> {
  return walk(source, limits, new Unpacking(folder));
}

async function walk(
  source: Readable,
  limits: ArchiveLimits,
  unpacking: Unpacking | undefined,
): Promise<ArchiveReport> {
  const judging = new Judging(new ArchiveRules(limits));
  // The bytes are gunzipped here, once: the parser's own sniffing would also follow a gzip inside a gzip.
  const parser = new Parser({
    strict: true,
    brotli: false,
    zstd: false,
    filter: (_path, entry) => judging.accept(entry as ReadEntry) && unpacking !== undefined,
  });
  parser.on('ignoredEntry', (entry: ReadEntry) => judging.ignored(entry));
  parser.on('entry', (entry: ReadEntry) => unpacking?.entry(entry, judging.accepted(entry)));
  const bombs = new BombGuard(limits);
  try {
    await pipeline(
      bombs.packed(source),
      createGunzip(),
      (chunks) => bombs.unpacked(chunks as AsyncIterable<Buffer>),
      (chunks) => feed(parser, chunks, judging, unpacking?.failed),
    );
    await unpacking?.finish();
  } catch (error) {
    await unpacking?.stop();
    throw refusal(error, judging.violations);
  }
  if (judging.violations.length > 0) throw refusal(undefined, judging.violations);
  const { entries, bytes } = judging.rules;
  return { entries, unpackedBytes: bytes, rootNames: judging.rules.rootNames() };
}

/** Pushes the chunks through the parser with its back-pressure; rejects on the first error of parser or disk. */
async function feed(
  parser: Parser,
  chunks: AsyncIterable<Buffer>,
  judging: Judging,
  diskFailed: Promise<never> | undefined,
): Promise<void> {
  const broken = new Promise<never>((_resolve, reject) => parser.on('error', reject));
  const failed = Promise.race(diskFailed ? [broken, diskFailed] : [broken]);
  failed.catch(() => undefined);
  for await (const chunk of inBlocks(chunks)) {
    if (!parser.write(chunk)) await Promise.race([told(parser, 'drain'), failed]);
    if (judging.enough()) return;
  }
  const ended = told(parser, 'end');
  parser.end();
  await Promise.race([ended, failed]);
}

/** Rejects on an error of the parser, and is never an unhandled rejection when the wait is over before. */
function told(parser: Parser, event: 'drain' | 'end'): Promise<unknown> {
  const heard = once(parser, event);
  heard.catch(() => undefined);
  return heard;
}

/**
 * The same bytes in whole blocks of tar, so that what is read never depends on the packets they came in: the parser calls
 * an archive without an end mark cut, or not, by how its last chunks lie. It would also follow a gzip by itself.
 */
async function* inBlocks(chunks: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  let [rest, first]: [Buffer, boolean] = [Buffer.alloc(0), true];
  const blocks = (bytes: Buffer): Buffer => {
    if (first && bytes.subarray(0, GZIP.length).equals(GZIP)) throw new Error('gzip inside gzip');
    first = false;
    return bytes;
  };
  for await (const chunk of chunks) {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const whole = bytes.length - (bytes.length % TAR_BLOCK);
    if (whole > 0) yield blocks(bytes.subarray(0, whole));
    rest = bytes.subarray(whole);
  }
  if (rest.length > 0) yield blocks(rest);
}

/** Collects what is wrong, so that one answer names all of it. */
class Judging {
  readonly violations: Violation[] = [];
  private readonly decisions = new WeakMap<ReadEntry, AcceptedEntry>();
  private readonly judged = new WeakSet<ReadEntry>();

  constructor(readonly rules: ArchiveRules) {}

  accept(entry: ReadEntry): boolean {
    this.judged.add(entry);
    const { path, type, linkpath, size } = entry;
    const decision = this.rules.judge({ path, type, linkpath, size });
    if (typeof decision === 'string') this.refuse(path, decision);
    else this.decisions.set(entry, decision);
    return typeof decision !== 'string';
  }

  accepted(entry: ReadEntry): AcceptedEntry | undefined {
    return this.decisions.get(entry);
  }

  /** The parser skips kinds it does not know without asking; here nothing is skipped in silence. */
  ignored(entry: ReadEntry): void {
    if (!this.judged.has(entry))
      this.refuse(entry.path, `is a ${entry.type}; only files, folders and links are taken`);
  }

  enough(): boolean {
    return this.violations.length >= MAX_VIOLATIONS;
  }

  private refuse(path: string, why: string): void {
    const shown = path.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 200);
    if (!this.enough()) this.violations.push({ field: 'archive', message: `\`${shown}\`: ${why}` });
  }
}

/** Stops a stream that unpacks to far more than it holds. */
class BombGuard {
  private packedBytes = 0;
  private unpackedBytes = 0;

  constructor(private readonly limits: ArchiveLimits) {}

  async *packed(chunks: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
    try {
      for await (const chunk of chunks) {
        this.packedBytes += chunk.length;
        yield chunk;
      }
    } catch (error) {
      throw new OwnFailure(error);
    }
  }

  async *unpacked(chunks: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
    const most = this.limits.unpackedBytes + this.limits.entries * 4 * TAR_BLOCK;
    for await (const chunk of chunks) {
      this.unpackedBytes += chunk.length;
      if (this.unpackedBytes > most)
        throw new Bomb(`it unpacks to more than ${this.limits.unpackedBytes} bytes`);
      const ratio = this.unpackedBytes / Math.max(1, this.packedBytes);
      if (this.unpackedBytes > this.limits.ratioFromBytes && ratio > this.limits.ratio) {
        throw new Bomb(`it unpacks to more than ${this.limits.ratio} times its size`);
      }
      yield chunk;
    }
  }
}

/** Writes accepted entries under one folder. */
class Unpacking {
  private readonly writing: Promise<void>[] = [];
  private readonly links: Exclude<AcceptedEntry, { kind: 'file' | 'folder' }>[] = [];
  private readonly abort = new AbortController();
  private readonly failure = Promise.withResolvers<never>();
  /** Rejects when a write to the disk fails: the parser would wait for ever for the entry to be read. */
  readonly failed = this.failure.promise;

  constructor(private readonly folder: string) {
    this.failed.catch(() => undefined);
  }

  entry(entry: ReadEntry, accepted: AcceptedEntry | undefined): void {
    // The parser may hold more of an archive that is refused already.
    if (this.abort.signal.aborted) return void entry.resume();
    if (accepted?.kind === 'file') this.follow(this.file(entry, accepted.path));
    else entry.resume();
    if (accepted?.kind === 'folder') this.follow(this.makeFolder(accepted.path));
    if (accepted?.kind === 'symlink' || accepted?.kind === 'copy') this.links.push(accepted);
  }

  async finish(): Promise<void> {
    await Promise.all(this.writing);
    // Losing this race means that no write failed.
    await Promise.race([this.failed, Promise.resolve()]);
    await this.makeLinks().catch((error: unknown) => {
      throw new OwnFailure(error);
    });
  }

  /** Ends the write that waits for bytes that will not come; afterwards nothing is written any more. */
  async stop(): Promise<void> {
    this.abort.abort();
    await Promise.all(this.writing);
  }

  private follow(work: Promise<void>): void {
    const reported = work.catch((error: unknown) => {
      this.failure.reject(new OwnFailure(error));
    });
    this.writing.push(reported);
  }

  private async file(entry: ReadEntry, path: string): Promise<void> {
    const to = join(this.folder, path);
    await mkdir(dirname(to), { recursive: true });
    this.abort.signal.throwIfAborted();
    const mode = ((entry.mode ?? 0) & 0o100) === 0 ? 0o644 : 0o755;
    const output = createWriteStream(to, { flags: 'wx', mode });
    const closed = new Promise<void>((resolve) => output.once('close', resolve));
    // An aborted pipeline ends before its file is made and closed.
    await pipeline(entry, output, { signal: this.abort.signal }).finally(() => closed);
  }

  private async makeLinks(): Promise<void> {
    for (const link of this.links) {
      const path = join(this.folder, link.path);
      await mkdir(dirname(path), { recursive: true });
      if (link.kind === 'symlink') await symlink(link.target, path);
      else await copyFile(join(this.folder, link.target), path);
    }
  }

  private async makeFolder(path: string): Promise<void> {
    await mkdir(join(this.folder, path), { recursive: true });
  }
}

class Bomb extends Error {}

/** Disk or source failed: not the archive's fault. */
class OwnFailure extends Error {
  constructor(cause: unknown) {
    super('reading or writing failed', { cause });
  }
}

function refusal(error: unknown, violations: Violation[]): unknown {
  if (error instanceof OwnFailure) return error.cause;
  const all = [...violations];
  if (error instanceof Bomb) all.push({ field: 'archive', message: error.message });
  else if (all.length === 0) all.push({ field: 'archive', message: 'is not a whole tar.gz' });
  const first = all[0]?.message ?? '';
  return new TowpathError('INVALID_ARGUMENT', `The source archive is not taken: ${first}.`, {
    violations: all,
    nextStep: 'Pack the folder again with plain files, folders and links inside it.',
    cause: error,
  });
}
