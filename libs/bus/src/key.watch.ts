import type { KV, KvEntry } from '@nats-io/kv';
import type { JetStreamManager } from '@nats-io/jetstream';
import type { QueuedIterator } from '@nats-io/transport-node';
import { kvStream } from './names.js';

/** How often a watch looks whether its bucket is still the one that it watches. */
const LOOK_MS = 5_000;

/**
 * Watches a bucket also past its loss: a bucket that was made anew, or went back to an older copy, is watched again from
 * its present values. (The client's own watch stays silent then.)
 */
export class KeyWatch {
  private entries: QueuedIterator<KvEntry> | undefined;
  private born: string | undefined;
  /** The highest sequence that came. */
  private highest = 0;
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;

  constructor(
    private readonly bucket: string,
    private readonly filter: string,
    private readonly onEntry: (entry: KvEntry) => void,
    private readonly ports: { jsm: () => Promise<JetStreamManager>; kv: (bucket: string) => Promise<KV> },
  ) {}

  /** Resolves when the present values are on their way. */
  async start(): Promise<void> {
    await this.open();
    this.arm();
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
    this.entries?.stop();
  }

  private async open(): Promise<void> {
    const { created } = await this.info();
    const entries = await (await this.ports.kv(this.bucket)).watch({ key: this.filter });
    this.entries?.stop();
    [this.entries, this.born, this.highest] = [entries, created, 0];
    if (this.stopped) entries.stop();
    void this.read(entries);
  }

  private async read(entries: QueuedIterator<KvEntry>): Promise<void> {
    for await (const entry of entries) {
      this.highest = Math.max(this.highest, entry.revision);
      this.onEntry(entry);
    }
  }

  /** A bucket that cannot be asked for (it is lost, or the server is away) is asked for again. */
  private async look(): Promise<void> {
    try {
      const { created, last } = await this.info();
      if (created !== this.born || last < this.highest) await this.open();
    } catch {
      // next time
    }
    this.arm();
  }

  private arm(): void {
    if (!this.stopped) this.timer = setTimeout(() => void this.look(), LOOK_MS).unref();
  }

  private async info(): Promise<{ created: string; last: number }> {
    const { created, state } = await (await this.ports.jsm()).streams.info(kvStream(this.bucket));
    return { created, last: state.last_seq };
  }
}
