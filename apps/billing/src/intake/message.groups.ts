import type { FollowedMessage } from '#libs/bus';
import { LeaseLost } from '#libs/store';

interface Waiting {
  message: FollowedMessage;
  resolve: () => void;
  reject: (error: unknown) => void;
}

/**
 * What arrives while one transaction runs goes into the next one together. When a group fails, each of its messages is
 * tried alone, so that one that cannot be stored takes no other with it.
 */
export class MessageGroups {
  private waiting: Waiting[] = [];
  private running = false;

  constructor(
    private readonly take: (messages: readonly FollowedMessage[]) => Promise<void>,
    private readonly largest: number,
  ) {}

  /** Settles when the message's transaction has. */
  add(message: FollowedMessage): Promise<void> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ message, resolve, reject });
      if (!this.running) void this.run();
    });
  }

  private async run(): Promise<void> {
    this.running = true;
    while (this.waiting.length > 0) await this.settle(this.waiting.splice(0, this.largest));
    this.running = false;
  }

  private async settle(group: readonly Waiting[]): Promise<void> {
    try {
      await this.take(group.map(({ message }) => message));
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
