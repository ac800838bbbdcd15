import type { Io } from '../io.js';

/** A wait longer than this says that it waits. */
const SILENCE_MS = 2_000;
const TICK_MS = 250;
const CLEAR_LINE = '\r\u001b[2K';

/**
 * Talk on stderr. While something is waited for and nothing was said for 2 s, a terminal gets one line that counts the
 * seconds; elsewhere the line is written once and followed by a dot every 2 s. `--quiet` silences all of it.
 */
export class Progress {
  private readonly waits: { label: string; since: number }[] = [];
  private stopTicking: (() => void) | undefined;
  private lastSaid: number;
  /** Whose label was written last. */
  private told: object | undefined;
  /** What stands on the unfinished line: nothing, a status to wipe, or a label with dots to end. */
  private open: 'nothing' | 'status' | 'dots' = 'nothing';

  constructor(
    private readonly io: Pick<Io, 'stderr' | 'clock' | 'every'>,
    private readonly quiet: boolean,
  ) {
    this.lastSaid = io.clock.now();
  }

  /** Writes one line of talk. */
  note(text: string): void {
    if (this.quiet) return;
    this.finishLine();
    this.write(`${text}\n`);
  }

  /** Ends an unfinished line, so that other output starts on a line of its own. */
  finishLine(): void {
    if (this.open === 'status') this.io.stderr.write(CLEAR_LINE);
    if (this.open === 'dots') this.io.stderr.write('\n');
    this.open = 'nothing';
  }

  /** Runs `work`; as long as it lasts, no silence is longer than 2 s. The innermost wait gives the words. */
  async waiting<T>(label: string, work: () => Promise<T>): Promise<T> {
    const end = this.startWaiting(label);
    try {
      return await work();
    } finally {
      end();
    }
  }

  /** The same for waits that are no single promise. The returned function ends it. */
  startWaiting(label: string): () => void {
    const wait = { label, since: this.io.clock.now() };
    // a wait within another one is no word to the person
    if (this.waits.length === 0) this.lastSaid = Math.max(this.lastSaid, wait.since);
    this.waits.push(wait);
    if (!this.quiet) this.stopTicking ??= this.io.every(TICK_MS, () => this.tick());
    return () => this.endWaiting(wait);
  }

  private endWaiting(wait: { label: string; since: number }): void {
    this.waits.splice(this.waits.indexOf(wait), 1);
    if (this.waits.length === 0 || this.told === wait) this.finishLine();
    if (this.waits.length > 0) return;
    this.stopTicking?.();
    this.stopTicking = undefined;
  }

  private tick(): void {
    const wait = this.waits.at(-1);
    const now = this.io.clock.now();
    // One tick early, so that the promise of 2 s is kept.
    const silent = now - this.lastSaid >= SILENCE_MS - TICK_MS;
    if (wait === undefined || (!silent && this.open !== 'status')) return;
    if (this.open !== 'dots') this.told = wait;
    const text = `… ${wait.label} (${Math.floor((now - wait.since) / 1000)} s)`;
    if (this.io.stderr.isTTY === true) this.status(text);
    else this.write(this.open === 'dots' ? '.' : `${text} `);
    if (this.io.stderr.isTTY !== true) this.open = 'dots';
  }

  private status(text: string): void {
    const width = this.io.stderr.columns ?? 80;
    this.write(CLEAR_LINE + text.slice(0, Math.max(10, width - 1)));
    this.open = 'status';
  }

  private write(text: string): void {
    this.io.stderr.write(text);
    this.lastSaid = this.io.clock.now();
  }
}
