import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Turns, type Logger } from '#libs/process';
import type { z } from 'zod';
import { readIfThere, removeDurably, writeDurably } from './durable.file.js';

const EXTENSION = '.json';

/** A folder with one JSON message a file, named by its id. Writes of one folder happen one after the other. */
export class MessageFolder<T> {
  private readonly turns = new Turns();

  constructor(
    private readonly folder: string,
    private readonly schema: z.ZodType<T>,
    private readonly logger: Logger,
  ) {}

  /** Every message that can be read; a damaged file is logged and left out (the hub sends it again on resync). */
  async load(): Promise<Map<string, T>> {
    const names = await readdir(this.folder).catch(() => []);
    const messages = new Map<string, T>();
    for (const name of names.filter((n) => n.endsWith(EXTENSION)).sort()) {
      const message = this.read(await readIfThere(join(this.folder, name)));
      if (message === undefined)
        this.logger.error({ folder: this.folder, name }, 'a file is damaged and was left out');
      else messages.set(name.slice(0, -EXTENSION.length), message);
    }
    return messages;
  }

  write(id: string, message: T): Promise<void> {
    return this.turns.take(() => writeDurably(this.path(id), JSON.stringify(message)));
  }

  remove(id: string): Promise<void> {
    return this.turns.take(() => removeDurably(this.path(id)));
  }

  private path(id: string): string {
    return join(this.folder, `${id}${EXTENSION}`);
  }

  private read(text: string | undefined): T | undefined {
    try {
      const result = this.schema.safeParse(JSON.parse(text ?? ''));
      return result.success ? result.data : undefined;
    } catch {
      return undefined;
    }
  }
}
