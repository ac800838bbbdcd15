import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import path from 'node:path';
import type { Route } from '#libs/domain';
import { routeSchema } from '#libs/bus';
import { z } from 'zod';

const entrySchema = z.object({ sequence: z.int().nonnegative(), route: routeSchema });
const lineSchema = z.union([entrySchema, z.object({ mark: z.string() })]);

/** One route as it came: `sequence` is its sequence in the stream of the routes bucket. */
export interface RouteEntry {
  sequence: number;
  route: Route;
}

/** A journal is rewritten when it holds this many lines and more than twice as many as there are hosts. */
const COMPACT_AT = 1_000;

/**
 * The last route of every host, on disk: one line a change, rewritten whole (and swapped in) when it has grown. A line
 * survives the death of the process at once; what a dying machine loses of the last moment comes back by a resync.
 */
export class RouteJournal {
  /** The mark of the bucket that the sequences are of; '' while none has come. */
  mark = '';
  readonly #file: string;
  #handle: FileHandle | undefined;
  #lines = 0;

  constructor(folder: string) {
    mkdirSync(folder, { recursive: true });
    this.#file = path.join(folder, 'routes.jsonl');
  }

  /** What was kept, last line of each host, oldest sequence first. A torn or foreign line is skipped. */
  read(): RouteEntry[] {
    if (!existsSync(this.#file)) return [];
    const lines = readFileSync(this.#file, 'utf8').split('\n');
    this.#lines = lines.length;
    const last = new Map<string, RouteEntry>();
    for (const line of lines) {
      const known = parse(line);
      if (known && 'mark' in known) this.mark = known.mark;
      else if (known) last.set(known.route.host, known);
    }
    return [...last.values()].sort((a, b) => a.sequence - b.sequence);
  }

  /** Adds a line; `all` gives every host's last line when the journal has to be rewritten. */
  async append(line: string, all: () => string[]): Promise<void> {
    await this.#add(line);
    if (this.#lines < COMPACT_AT) return;
    const lines = all();
    if (this.#lines > 2 * lines.length) await this.rewrite(lines);
  }

  /** From now on sequences are those of the bucket with this mark. */
  async keepMark(mark: string): Promise<void> {
    this.mark = mark;
    await this.#add(lineOf({ mark }));
  }

  async close(): Promise<void> {
    await this.#handle?.sync();
    await this.#handle?.close();
    this.#handle = undefined;
  }

  /** Only these lines are left. */
  async rewrite(routes: readonly string[]): Promise<void> {
    const temporary = `${this.#file}.new`;
    const file = await open(temporary, 'w');
    const lines = [lineOf({ mark: this.mark }), ...routes];
    await file.writeFile(lines.join('\n'));
    await file.sync();
    await file.close();
    await this.#handle?.close();
    this.#handle = undefined;
    await rename(temporary, this.#file);
    this.#lines = lines.length;
  }

  async #add(line: string): Promise<void> {
    this.#handle ??= await open(this.#file, 'a');
    // The newline comes first: a torn last line of a former life cannot swallow this one.
    await this.#handle.appendFile(`\n${line}`);
    this.#lines += 1;
  }
}

/** An entry, or a mark, as the journal keeps it. */
export function lineOf(content: z.input<typeof lineSchema>): string {
  return JSON.stringify(content);
}

/** The entry that a line keeps; undefined for any other line. */
export function entryOf(line: string): RouteEntry | undefined {
  const known = parse(line);
  return known && 'route' in known ? known : undefined;
}

function parse(line: string): z.infer<typeof lineSchema> | undefined {
  if (line === '') return undefined;
  try {
    const result = lineSchema.safeParse(JSON.parse(line));
    return result.success ? result.data : undefined;
  } catch {
    return undefined;
  }
}
