import type { FollowedMessage } from '#libs/bus';
import { LeaseLost } from '#libs/store';

interface Waiting<T> {
  item: T;
  resolve: () => void;
  reject: (error: unknown) => void;
}

/**
 * What arrives while as many transactions run as may is read meanwhile and goes into the next one together. When a group fails, each of
 * its messages is tried alone, so that one that cannot be stored takes no other with it.
 */
export class MessageGroups<T> {
  private waiting: Waiting<T>[] = [];
  private running = 0;

  constructor(
    private readonly read: (message: FollowedMessage) => T,
    private readonly take: (messages: readonly T[]) => Promise<void>,
    private readonly largest: number,
    private readonly atOnce = 1,
  ) {}

  /** Settles when the message's transaction has. */
  add(message: FollowedMessage): Promise<void> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ item: this.read(message), resolve, reject });
      if (this.running < this.atOnce) void this.run();
    });
  }

  private async run(): Promise<void> {
    this.running += 1;
    while (this.waiting.length > 0) await this.settle(this.waiting.splice(0, this.largest));
    this.running -= 1;
  }

  private async settle(group: readonly Waiting<T>[]): Promise<void> {
    try {
      await this.take(group.map(({ item }) => item));
      for (const { resolve } of group) resolve();
    } catch (error) {
      if (group.length > 1 && !(error instanceof LeaseLost)) {
        for (const each of group) await this.settle([each]);
        return;
      }
      for (const { reject } of group) reject(error);
    }
  }
}
