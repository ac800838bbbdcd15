import { Loop } from '#libs/process';
import { sweepBlobs } from './blobs.sweep.js';
import { sweepBuilds } from './builds.sweep.js';
import { sweepKeys } from './keys.sweep.js';
import { sweepNotices } from './notices.sweep.js';
import type { SweepParts } from './sweep.parts.js';
import { sweepUploads } from './uploads.sweep.js';

const EVERY_MS = 3_600_000;

/** Ends builds of which nobody will say an end; removes what nothing refers to any more (uploads, blobs, keys of ended builds and unused secrets), and old notices. */
export class Sweep {
  private readonly loop: Loop;
  private isFirst = true;

  constructor(private readonly parts: SweepParts) {
    this.loop = new Loop('sweep', EVERY_MS, () => this.look(), parts.logger);
  }

  start(): void {
    this.loop.start();
  }

  stop(): Promise<void> {
    return this.loop.stop();
  }

  /** A cluster was removed: what it was asked to build is ended. */
  async clusterRemoved(): Promise<void> {
    await sweepBuilds(this.parts);
  }

  /** Once round, in this order: what only an open build needed, and then what only an upload named, is unused. */
  async run(): Promise<{ builds: number; uploads: number; keys: number; blobs: number; notices: number }> {
    const swept = {
      builds: await sweepBuilds(this.parts),
      uploads: await sweepUploads(this.parts),
      keys: await sweepKeys(this.parts),
      blobs: await sweepBlobs(this.parts),
      notices: await sweepNotices(this.parts),
    };
    if (Object.values(swept).some((count) => count > 0))
      this.parts.logger.info(swept, 'removed what nothing refers to, or what is too old');
    return swept;
  }

  /** Not at the start: builds that ended while the hub was away are folded first. */
  private async look(): Promise<void> {
    const skipped = this.isFirst;
    this.isFirst = false;
    if (!skipped && this.parts.holding('sweep') !== undefined) await this.run();
  }
}
