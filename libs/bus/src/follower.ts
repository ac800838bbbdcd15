import type { Consumer, JetStreamClient, JsMsg } from '@nats-io/jetstream';
import type { MsgHdrs } from '@nats-io/transport-node';

export interface FollowedMessage {
  subject: string;
  /** Sequence in the stream. */
  sequence: number;
  data: Uint8Array;
  /** 1 for the first delivery. */
  deliveries: number;
  headers: MsgHdrs | undefined;
  /** True when the KV entry was deleted or purged. */
  deleted: boolean;
}

export type MessageHandler = (message: FollowedMessage) => Promise<void>;

export interface FollowOptions {
  /** Messages asked for at once, default 64. */
  batch?: number;
  /** Messages handled at the same time, default 1: one after the other, in their order. */
  width?: number;
  /** Told once per trouble (no connection, consumer not there yet), for log and health. */
  onTrouble?: (error: unknown) => void;
  /** Told when messages can be asked for, or handled, again. */
  onCalm?: () => void;
}

const WAIT_MS = 5_000;
const RETRY_MS = 500;
const NAK_BASE_MS = 200;
const NAK_MAX_MS = 30_000;

/** A pull loop over a durable consumer made by the hub. At least once; the handler must be idempotent. */
export class Follower {
  private stopped = false;
  /** A message could not be handled, and none was since. */
  private failing = false;
  private wake: () => void = () => undefined;
  private fetching: { stop(): void } | undefined;
  private readonly done: Promise<void>;

  constructor(
    private readonly js: JetStreamClient,
    private readonly stream: string,
    private readonly durable: string,
    private readonly handler: MessageHandler,
    private readonly options: FollowOptions,
  ) {
    this.done = this.loop();
  }

  /** Ends after what is in hand is handled. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.fetching?.stop();
    this.wake();
    await this.done;
  }

  private async loop(): Promise<void> {
    let consumer: Consumer | undefined;
    let trouble = false;
    while (!this.stopped) {
      try {
        consumer ??= await this.js.consumers.get(this.stream, this.durable);
        await this.fetch(consumer);
        if (trouble) this.options.onCalm?.();
        trouble = false;
      } catch (error) {
        consumer = undefined;
        if (!trouble) this.options.onTrouble?.(error);
        trouble = true;
        await this.pause(RETRY_MS * (0.5 + Math.random()));
      }
    }
  }

  private async fetch(consumer: Consumer): Promise<void> {
    const messages = await consumer.fetch({ max_messages: this.options.batch ?? 64, expires: WAIT_MS });
    this.fetching = messages;
    if (this.stopped) messages.stop();
    const inHand = new Set<Promise<void>>();
    for await (const message of messages) {
      // Given back at once: another replica, or the next start, takes it.
      if (this.stopped) {
        message.nak();
        continue;
      }
      const handled: Promise<void> = this.handle(message).finally(() => inHand.delete(handled));
      inHand.add(handled);
      if (inHand.size >= (this.options.width ?? 1)) await Promise.race(inHand);
    }
    await Promise.all(inHand);
    this.fetching = undefined;
  }

  private async handle(message: JsMsg): Promise<void> {
    const operation = message.headers?.get('KV-Operation');
    try {
      await this.handler({
        subject: message.subject,
        sequence: message.seq,
        data: message.data,
        deliveries: message.info.deliveryCount,
        headers: message.headers,
        deleted: operation === 'DEL' || operation === 'PURGE',
      });
      message.ack();
      if (this.failing) this.options.onCalm?.();
      this.failing = false;
    } catch (error) {
      this.failing = true;
      this.options.onTrouble?.(error);
      const limit = Math.min(NAK_MAX_MS, NAK_BASE_MS * 2 ** message.info.deliveryCount);
      message.nak(Math.ceil(limit / 2 + (Math.random() * limit) / 2));
    }
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
