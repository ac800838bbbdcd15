import { join } from 'node:path';
import { buildStatusSchema, buildTargetSchema, type BuildStatus, type BuildTarget } from '#libs/bus';
import type { Logger } from '#libs/process';
import { z } from 'zod';
import { MessageFolder } from '../files/message.folder.js';

const recordSchema = z.object({ target: buildTargetSchema, result: buildStatusSchema.exactOptional() });
/** A build this agent was asked for, and how it ended. */
export type BuildRecord = z.infer<typeof recordSchema>;

/** Builds on disk: a build that has a result is never run again. */
export class BuildStore {
  private readonly records = new Map<string, BuildRecord>();

  private constructor(private readonly folder: MessageFolder<BuildRecord>) {}

  static async open(dataDir: string, logger: Logger): Promise<BuildStore> {
    const folder = new MessageFolder<BuildRecord>(join(dataDir, 'builds'), recordSchema, logger);
    const store = new BuildStore(folder);
    for (const [id, record] of await folder.load()) store.records.set(id, record);
    return store;
  }

  get(buildId: string): BuildRecord | undefined {
    return this.records.get(buildId);
  }

  unfinished(): BuildRecord[] {
    return [...this.records.values()].filter((record) => record.result === undefined);
  }

  async add(target: BuildTarget): Promise<void> {
    if (this.records.has(target.buildId)) return;
    await this.put({ target });
  }

  async finish(target: BuildTarget, result: BuildStatus): Promise<void> {
    await this.put({ target, result });
  }

  async forget(buildId: string): Promise<void> {
    if (this.records.delete(buildId)) await this.folder.remove(buildId);
  }

  private async put(record: BuildRecord): Promise<void> {
    await this.folder.write(record.target.buildId, record);
    this.records.set(record.target.buildId, record);
  }
}
