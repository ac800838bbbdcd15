/**
 * Sends wakes, never two of a channel at a time: a NOTIFY is a commit of its own under one lock of the whole database, so
 * one for each of many writes would hold all of them up. Whoever asks while one is on its way shares the next.
 */
export class Notifier {
  private readonly sending = new Map<string, { now: Promise<void>; next?: Promise<void> }>();

  constructor(private readonly send: (channel: string) => Promise<void>) {}

  /** Resolves once a wake that left after this call has arrived. */
  notify(channel: string): Promise<void> {
    const current = this.sending.get(channel);
    if (!current) return this.start(channel);
    current.next ??= current.now.catch(() => undefined).then(() => this.start(channel));
    return current.next;
  }

  private start(channel: string): Promise<void> {
    const entry = { now: this.send(channel) };
    this.sending.set(channel, entry);
    const done = (): void => {
      if (this.sending.get(channel) === entry) this.sending.delete(channel);
    };
    entry.now.then(done, done);
    return entry.now;
  }
}
