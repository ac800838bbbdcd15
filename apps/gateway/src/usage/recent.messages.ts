/** How long what JetStream stored may wait for billing, in ms, before it is let go here. */
const KEEP_MS = 60_000;
const MOST_BYTES = 25_000_000;

export interface UsageMessage {
  /** JetStream drops a message whose id it has already, for two minutes. */
  msgId: string;
  /** Encoded: as objects the records of a minute would be most of what the garbage collector looks at. */
  bytes: Uint8Array;
}

/**
 * The usage that JetStream stored last. A server that comes back with an older store has lost it, and nobody else can tell
 * it again before the files of the spool are read by hand.
 */
export class RecentMessages {
  #sent: { message: UsageMessage; atMs: number }[] = [];
  #bytes = 0;

  /** The newest message and those of the minute before it, as many as memory allows; in the order they were sent. */
  get list(): readonly UsageMessage[] {
    return this.#sent.map(({ message }) => message);
  }

  note(message: UsageMessage, nowMs: number): void {
    this.#sent.push({ message, atMs: nowMs });
    this.#bytes += message.bytes.length;
    const isKept = ({ atMs }: { atMs: number }): boolean =>
      atMs > nowMs - KEEP_MS && this.#bytes <= MOST_BYTES;
    for (let [first] = this.#sent; first && !isKept(first); [first] = this.#sent) {
      this.#sent.shift();
      this.#bytes -= first.message.bytes.length;
    }
  }
}
