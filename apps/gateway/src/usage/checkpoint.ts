import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';

const count = z.int().nonnegative();

const spoolSchema = z.object({
  /** The random id that records of this spool carry. */
  producer: z.custom<`spl_${string}`>((value) => typeof value === 'string' && value.startsWith('spl_')),
  file: z.string(),
  /** Set once the file was seen. */
  inode: count.exactOptional(),
  /** First bytes of the file, which tell it from another one that got the same inode. */
  head: z.string().exactOptional(),
  /** Everything before it is in JetStream. */
  offset: count,
});

const checkpointSchema = z.object({
  schemaVersion: z.literal(1),
  /** Bytes of all spools that were finished: keeps the sequence of request-log rows growing over spools. */
  finishedBytes: count,
  /** The first is being read; Envoy writes the last. */
  spools: z.array(spoolSchema),
  open: z.record(
    z.string(),
    z.object({ part: count, endMs: count, received: count, sent: count, seen: count }),
  ),
});

export type Spool = z.infer<typeof spoolSchema>;
export type Checkpoint = z.infer<typeof checkpointSchema>;

/** Where reading stands, on disk: swapped in whole and flushed, so it is either the old or the new one. */
export class CheckpointFile {
  readonly #file: string;

  constructor(folder: string) {
    mkdirSync(folder, { recursive: true });
    this.#file = path.join(folder, 'usage-checkpoint.json');
  }

  read(): Checkpoint | undefined {
    if (!existsSync(this.#file)) return undefined;
    return checkpointSchema.parse(JSON.parse(readFileSync(this.#file, 'utf8')));
  }

  async write(checkpoint: Checkpoint): Promise<void> {
    const temporary = `${this.#file}.new`;
    const file = await open(temporary, 'w', 0o600);
    try {
      await file.writeFile(JSON.stringify(checkpoint));
      await file.datasync();
    } finally {
      await file.close();
    }
    await rename(temporary, this.#file);
  }
}
