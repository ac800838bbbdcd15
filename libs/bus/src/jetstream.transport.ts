import { Server, type CustomTransportStrategy } from '@nestjs/microservices';
import { lastValueFrom } from 'rxjs';
import type { Bus } from './bus.js';
import type { FollowOptions, FollowedMessage, Follower } from './follower.js';
import { decodeHubEvent, hubEventType, type HubMessage } from './hub-event.js';

/**
 * Nest transport over a JetStream durable consumer, so that a consumer is an ordinary controller with
 * `@EventPattern('dev.towpath.…')`. At least once: acknowledged after the handler, given back when it throws.
 * An event nobody handles or can read (another version sent it) is acknowledged. (Nest's own NATS transport is core NATS: at most once.)
 */
export class JetStreamTransport extends Server implements CustomTransportStrategy {
  private follower: Follower | undefined;

  constructor(
    private readonly bus: Bus,
    private readonly stream: string,
    private readonly durable: string,
    private readonly options: FollowOptions = {},
  ) {
    super();
  }

  listen(callback: () => void): void {
    this.follower = this.bus.follow(
      this.stream,
      this.durable,
      (message) => this.dispatch(message),
      this.options,
    );
    callback();
  }

  async close(): Promise<void> {
    await this.follower?.stop();
  }

  on(): never {
    throw new Error('the JetStream transport has no events of its own');
  }

  unwrap<T>(): T {
    return this.bus as T;
  }

  /** Asking for it again would not make it readable. */
  private read({ headers, sequence }: FollowedMessage): HubMessage | undefined {
    try {
      return decodeHubEvent(headers);
    } catch (error) {
      this.logger.error(`message ${sequence} is passed over: ${(error as Error).message}`);
      return undefined;
    }
  }

  private async dispatch(message: FollowedMessage): Promise<void> {
    const event = this.read(message);
    const handler = event && this.getHandlerByPattern(hubEventType(event.name));
    if (!handler) return;
    const result = this.transformToObservable(await handler(event));
    await lastValueFrom(result, { defaultValue: undefined });
  }
}
