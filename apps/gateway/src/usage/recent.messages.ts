import type { UsageRecord } from '#libs/domain';

/** How long what JetStream stored may wait for billing, in ms, before it is let go here. */
const KEEP_MS = 60_000;
/** At most some 25 MB. */
const MOST_RECORDS = 50_000;

export interface UsageMessage {
  /** JetStream drops a message whose id it has already, for two minutes. */
  msgId: string;
  records: UsageRecord[];
}

/**
 * The usage that JetStream stored last. A server that comes back with an older store has lost it, and nobody else can tell
 * it again before the files of the spool are read by hand.
 */
export class RecentMessages {
  #sent: { message: UsageMessage; atMs: number }[] = [];
  #records = 0;

  /** The newest message and those of the minute before it, as many as memory allows; in the order they were sent. */
  get list(): readonly UsageMessage[] {
    return this.#sent.map(({ message }) => message);
  }

  note(message: UsageMessage, nowMs: number): void {
    this.#sent.push({ message, atMs: nowMs });
    this.#records += message.records.length;
    const isKept = ({ atMs }: { atMs: number }): boolean =>
      atMs > nowMs - KEEP_MS && this.#records <= MOST_RECORDS;
    for (let [first] = this.#sent; first && !isKept(first); [first] = this.#sent) {
      this.#sent.shift();
      this.#records -= first.message.records.length;
    }
  }
}
