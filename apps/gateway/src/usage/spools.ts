import { closeSync, openSync, readSync, readdirSync, renameSync, statSync, unlinkSync } from 'node:fs';
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { idTime, newId } from '#libs/domain';
import type { Clock, Random } from '#libs/domain';
import { crashPoint, type Logger } from '#libs/process';
import type { Spool } from './checkpoint.js';

const HEAD_BYTES = 64;
const KEEP_MS = 7 * 24 * 3_600_000;
const ASK_EVERY_MS = 1_000;
/** A spool is put aside after a day also when it is small: what it holds of persons must not outlive KEEP_MS by more. */
const DAY_MS = 24 * 3_600_000;
const DROP_EVERY_MS = 3_600_000;

export interface SpoolsOptions {
  /** The file Envoy writes. */
  log: string;
  /** A spool larger than this is put aside and Envoy opens a new one. */
  rotateBytes: number;
  /** Asks Envoy to open its log anew (`POST /reopen_logs`). */
  reopen: () => Promise<void>;
  clock: Clock;
  random: Random;
  logger: Logger;
}

/**
 * The files that Envoy's log went to: the oldest not yet shipped is read, the newest is written. Envoy's log file may
 * be put aside by us, removed, emptied or swapped by others; whatever is found in its place is another spool, and a
 * spool is never read twice under two ids.
 */
export class Spools {
  #handle: FileHandle | undefined;
  #askedAt = 0;
  #droppedAt = -Infinity;

  constructor(
    readonly list: Spool[],
    private readonly options: SpoolsOptions,
  ) {}

  /** Looks at the file in the log's place. Returns whether the list changed and must be kept before anything is read. */
  async look(): Promise<boolean> {
    const before = JSON.stringify(this.list);
    if (this.list.length === 0) this.#begin();
    this.#follow();
    this.#dropOld();
    await this.#askForFile();
    return JSON.stringify(this.list) !== before;
  }

  /** Reads from the current spool at its offset. Empty at its end, or while there is none. */
  async read(buffer: Buffer): Promise<Buffer> {
    const [spool] = this.list;
    if (spool?.inode === undefined) return buffer.subarray(0, 0);
    this.#handle ??= await this.#open(spool);
    if (!this.#handle) return buffer.subarray(0, 0);
    const { bytesRead } = await this.#handle.read(buffer, 0, buffer.length, spool.offset);
    if (spool.head === undefined) await this.#noteHead(spool, this.#handle);
    return buffer.subarray(0, bytesRead);
  }

  /** Whether Envoy has gone on to another file, so that the end of the current one is its end for good. */
  get isLeft(): boolean {
    return this.list.length > 1 && this.list.at(-1)?.inode !== undefined;
  }

  /** Closes the current spool, which was read to its end, and goes on with the next. Returns its bytes. */
  async finish(): Promise<number> {
    await this.close();
    const done = this.list.shift();
    return done?.offset ?? 0;
  }

  async close(): Promise<void> {
    await this.#handle?.close();
    this.#handle = undefined;
  }

  /** Bytes that wait to be shipped. */
  lag(): number {
    return this.list.reduce(
      (sum, { file, offset }) => sum + Math.max(0, (statOf(file)?.size ?? 0) - offset),
      0,
    );
  }

  #begin(): void {
    const { log, logger, clock } = this.options;
    const size = statOf(log)?.size ?? 0;
    if (size > 0) {
      const aside = `${log}.unclaimed-${clock.now()}`;
      renameSync(log, aside);
      logger.error(
        { file: aside, bytes: size },
        'the log has no checkpoint, so it may have been shipped: put aside',
      );
    }
    this.#add();
  }

  #add(): void {
    const { clock, random, log } = this.options;
    this.list.push({ producer: newId('spl', clock.now(), random), file: log, offset: 0 });
  }

  #follow(): void {
    const { log, rotateBytes, logger } = this.options;
    const written = this.list.at(-1) as Spool;
    const found = statOf(log);
    if (written.inode === undefined) {
      if (found) written.inode = found.ino;
    } else if (!found) {
      logger.warn({ producer: written.producer }, 'the log file went');
      this.#findAside(written);
      this.#add();
    } else if (found.ino !== written.inode) {
      this.#findAside(written);
      this.#add();
      this.#follow();
    } else if (found.size < written.offset) {
      this.#replaceShrunk(written, found.ino);
    } else if (found.size >= rotateBytes || (found.size > 0 && this.#isOld(written))) {
      this.#putAside(written);
      this.#add();
    }
  }

  /**
   * Shorter than what was shipped. With its old beginning, a dying machine lost the end of it: nothing in it is new.
   * With another beginning, somebody emptied it and all of it is new.
   */
  #replaceShrunk(spool: Spool, inode: number): void {
    this.options.logger.error({ producer: spool.producer, offset: spool.offset }, 'the log became shorter');
    const isOld = spool.head !== undefined && headAt(this.options.log) === spool.head;
    if (isOld) this.#putAside(spool);
    this.#add();
    if (!isOld) (this.list.at(-1) as Spool).inode = inode;
  }

  #asideName(spool: Spool): string {
    return `${this.options.log}.${spool.producer}`;
  }

  #putAside(spool: Spool): void {
    renameSync(this.options.log, this.#asideName(spool));
    crashPoint('gateway.aside');
    spool.file = this.#asideName(spool);
    this.#askedAt = 0;
  }

  /** A file put aside just before the process died is not in the checkpoint under its new name yet. */
  #findAside(spool: Spool): void {
    const aside = this.#asideName(spool);
    if (statOf(aside)?.ino === spool.inode) spool.file = aside;
    else if (this.#handle === undefined || this.list[0] !== spool)
      this.options.logger.error({ producer: spool.producer }, 'what was not yet read of the log is lost');
  }

  async #askForFile(): Promise<void> {
    const now = this.options.clock.now();
    if (this.list.length < 2 || this.list.at(-1)?.inode !== undefined || now < this.#askedAt + ASK_EVERY_MS)
      return;
    this.#askedAt = now;
    // An Envoy that is away opens the file when it starts.
    await this.options
      .reopen()
      .catch((error: unknown) => this.options.logger.debug({ err: error }, 'no reopen'));
  }

  async #open(spool: Spool): Promise<FileHandle | undefined> {
    const handle = await open(spool.file, 'r').catch(() => undefined);
    if (!handle) return undefined;
    const { ino, size } = await handle.stat();
    if (ino === spool.inode && size >= spool.offset && (await headOf(handle)).startsWith(spool.head ?? ''))
      return handle;
    await handle.close();
    this.options.logger.error({ producer: spool.producer }, 'another file is in the place of the log');
    if (this.list.length > 1) return undefined;
    this.#add();
    (this.list.at(-1) as Spool).inode = ino;
    return undefined;
  }

  async #noteHead(spool: Spool, handle: FileHandle): Promise<void> {
    const head = await headOf(handle);
    if (head.length >= HEAD_BYTES) spool.head = head;
  }

  #isOld({ producer }: Spool): boolean {
    return this.options.clock.now() - idTime(producer) >= DAY_MS;
  }

  #dropOld(): void {
    const { log, clock } = this.options;
    if (clock.now() - this.#droppedAt < DROP_EVERY_MS) return;
    this.#droppedAt = clock.now();
    const folder = path.dirname(log);
    const known = new Set(this.list.map(({ file }) => file));
    for (const name of readdirSync(folder)) {
      const file = path.join(folder, name);
      if (!name.startsWith(`${path.basename(log)}.spl_`) || known.has(file)) continue;
      if ((statOf(file)?.mtimeMs ?? Infinity) + KEEP_MS < clock.now()) unlinkSync(file);
    }
  }
}

async function headOf(handle: FileHandle): Promise<string> {
  const { bytesRead, buffer } = await handle.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
  return buffer.toString('latin1', 0, bytesRead);
}

function headAt(file: string): string {
  const buffer = Buffer.alloc(HEAD_BYTES);
  const descriptor = openSync(file, 'r');
  try {
    return buffer.toString('latin1', 0, readSync(descriptor, buffer, 0, HEAD_BYTES, 0));
  } finally {
    closeSync(descriptor);
  }
}

function statOf(file: string): { ino: number; size: number; mtimeMs: number } | undefined {
  return statSync(file, { throwIfNoEntry: false });
}
