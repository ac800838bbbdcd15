import {
  jetstream,
  jetstreamManager,
  type JetStreamClient,
  type JetStreamManager,
  type PubAck,
} from '@nats-io/jetstream';
import { Kvm, type KV } from '@nats-io/kv';
import {
  connect,
  credsAuthenticator,
  type Authenticator,
  type NatsConnection,
} from '@nats-io/transport-node';
import type { z } from 'zod';
import { answer, ask, type Ask } from './ask.js';
import { decode, encode } from './codec.js';
import { Follower, type FollowOptions, type MessageHandler } from './follower.js';
import { KeyWatch } from './key.watch.js';
import { kvStream, kvSubject } from './names.js';

export interface BusOptions {
  /** Comma-separated or one `nats://host:port`. */
  servers: string;
  /**
   * Contents of a credentials file, or what gives the newest at every reconnection (`Renewal.creds`); absent only
   * against a server without authentication (tests).
   */
  creds?: string | (() => string);
  name: string;
  /** Waits for a server that is not there yet; without it, the first connection fails at once. */
  waits?: boolean;
  /** Agents and gateways may only read below a prefix of their own. */
  inboxPrefix?: string;
}

export interface KeyEntry {
  key: string;
  /** Absent when the key was deleted. */
  value: Uint8Array | undefined;
  /** Sequence in the bucket's stream. */
  sequence: number;
  /** When the server stored it, UTC ms: what a sender says of the time is its own. */
  storedAt: number;
}

/** A bucket at rest changes none of this; a smaller number or another `created` says that something was lost. */
export interface BucketState {
  created: string;
  lastSequence: number;
  keys: number;
}

const STREAM_NOT_FOUND = 10_059;
/** JetStream's error code when compare-and-set finds another sequence. */
const WRONG_LAST_SEQUENCE = 10_071;

/** One connection to NATS that never gives up reconnecting; JSON messages checked by their schemas. */
export class Bus {
  readonly js: JetStreamClient;
  private readonly buckets = new Map<string, Promise<KV>>();

  private constructor(readonly nc: NatsConnection) {
    this.js = jetstream(nc);
  }

  static async connect(options: BusOptions): Promise<Bus> {
    const nc = await connect({
      servers: options.servers.split(','),
      name: options.name,
      maxReconnectAttempts: -1,
      waitOnFirstConnect: options.waits ?? false,
      reconnectTimeWait: 250,
      reconnectJitter: 250,
      // Renewed credentials may come after the old ones were refused twice.
      ignoreAuthErrorAbort: true,
      ...(options.creds ? { authenticator: authenticator(options.creds) } : {}),
      ...(options.inboxPrefix ? { inboxPrefix: options.inboxPrefix } : {}),
    });
    return new Bus(nc);
  }

  jsm(): Promise<JetStreamManager> {
    return jetstreamManager(this.nc, { checkAPI: false });
  }

  /** A bucket; hub processes only (agents and gateways have no right to open one). */
  kv(bucket: string): Promise<KV> {
    let opened = this.buckets.get(bucket);
    if (!opened) {
      opened = new Kvm(this.nc).open(bucket);
      this.buckets.set(bucket, opened);
      opened.catch(() => this.buckets.delete(bucket));
    }
    return opened;
  }

  /** Publishes to a stream and waits until the server has stored it. */
  publish<T>(
    subject: string,
    schema: z.ZodType<T>,
    value: T,
    options: { msgId?: string } = {},
  ): Promise<PubAck> {
    return this.publishEncoded(subject, encode(schema, value), options);
  }

  /** The same with what `encode` gave: whoever sends it again, or has to know its size, encodes it once. */
  publishEncoded(subject: string, bytes: Uint8Array, { msgId }: { msgId?: string } = {}): Promise<PubAck> {
    return this.js.publish(subject, bytes, msgId ? { msgID: msgId } : {});
  }

  /** What a bucket is now; undefined when there is none. Hub processes only. */
  async bucketState(bucket: string): Promise<BucketState | undefined> {
    try {
      const { created, state } = await (await this.jsm()).streams.info(kvStream(bucket));
      return { created, lastSequence: state.last_seq, keys: state.messages };
    } catch (error) {
      if ((error as { code?: number }).code === STREAM_NOT_FOUND) return undefined;
      throw error;
    }
  }

  /** Names of the keys that a filter matches and that hold a value. */
  async listKeys(bucket: string, filter: string): Promise<string[]> {
    const keys: string[] = [];
    for await (const key of await (await this.kv(bucket)).keys(filter)) keys.push(key);
    return keys;
  }

  /** Writes a key by publishing, so the right to publish is enough. Returns its sequence. */
  async putKey<T>(bucket: string, key: string, schema: z.ZodType<T>, value: T): Promise<number> {
    return (await this.publish(kvSubject(bucket, key), schema, value)).seq;
  }

  /** Reads a key; undefined when it is absent or deleted. Hub processes only. */
  async getKey<T>(
    bucket: string,
    key: string,
    schema: z.ZodType<T>,
  ): Promise<{ value: T; sequence: number } | undefined> {
    const entry = await (await this.kv(bucket)).get(key);
    if (!entry || entry.operation !== 'PUT') return undefined;
    return { value: decode(schema, entry.value), sequence: entry.revision };
  }

  /**
   * Writes a key only if it still stands at `sequence` (undefined: it is absent): compare and set. Hub processes only.
   * @returns its new sequence, or undefined when somebody else wrote it meanwhile
   */
  async replaceKey<T>(
    bucket: string,
    key: string,
    schema: z.ZodType<T>,
    value: T,
    sequence: number | undefined,
  ): Promise<number | undefined> {
    const kv = await this.kv(bucket);
    const bytes = encode(schema, value);
    try {
      return await (sequence === undefined ? kv.create(key, bytes) : kv.update(key, bytes, sequence));
    } catch (error) {
      if ((error as { code?: number }).code === WRONG_LAST_SEQUENCE) return undefined;
      throw error;
    }
  }

  /**
   * Calls back with the present value of every matching key and then with every change; with the present values again
   * when the bucket was lost or rolled back and is there anew. Hub processes only. Returns what ends it.
   */
  async watchKeys(bucket: string, filter: string, onEntry: (entry: KeyEntry) => void): Promise<() => void> {
    const watch = new KeyWatch(
      bucket,
      filter,
      ({ key, operation, value, revision, created }) =>
        onEntry({
          key,
          value: operation === 'PUT' ? value : undefined,
          sequence: revision,
          storedAt: created.getTime(),
        }),
      { jsm: () => this.jsm(), kv: (name) => this.kv(name) },
    );
    await watch.start();
    return () => watch.stop();
  }

  /**
   * Core messages, at most once. With a queue, one member of it takes each message and answers it afterwards. The
   * handler must not throw.
   * @returns what ends it
   */
  subscribe(subject: string, handler: (subject: string) => Promise<void>, queue?: string): () => void {
    const subscription = this.nc.subscribe(subject, {
      ...(queue === undefined ? {} : { queue }),
      callback: (_error, message) => {
        void handler(message.subject).then(() => queue !== undefined && message.respond());
      },
    });
    return () => subscription.unsubscribe();
  }

  /** An empty core message, at most once: who hears it looks, who misses it must look by itself. Lost while NATS is away. */
  tell(subject: string): void {
    if (!this.nc.isClosed() && !this.nc.isDraining()) this.nc.publish(subject);
  }

  /**
   * Asks another hub process, which shares a queue with its replicas; waits 5 s.
   * @throws TowpathError what the other side threw; UNAVAILABLE when nobody answers
   */
  ask<Q, A>(subject: string, asked: Ask<Q, A>, value: Q, timeoutMs?: number): Promise<A> {
    return ask(this.nc, { subject, timeoutMs }, asked, value);
  }

  /** Answers what others ask on a subject. Returns what ends it, once all that was asked is answered. */
  answer<Q, A>(
    on: { subject: string; queue: string; asked: Ask<Q, A>; unexpected: (error: unknown) => void },
    handler: (request: Q, subject: string) => Promise<A>,
  ): () => Promise<void> {
    return answer(this.nc, on, handler);
  }

  /** Reads a durable consumer that exists: acknowledges after the handler, gives back when it throws. */
  follow(stream: string, durable: string, handler: MessageHandler, options: FollowOptions = {}): Follower {
    return new Follower(this.js, stream, durable, handler, options);
  }

  /** Calls back after every reconnection: the server may have come back with an older store. */
  onReturn(callback: () => void): void {
    void (async () => {
      for await (const { type } of this.nc.status()) if (type === 'reconnect') callback();
    })();
  }

  /** Ends after everything written has been flushed. */
  async close(): Promise<void> {
    if (!this.nc.isClosed()) await this.nc.drain();
  }
}

function authenticator(creds: string | (() => string)): Authenticator {
  return credsAuthenticator(() => new TextEncoder().encode(typeof creds === 'string' ? creds : creds()));
}
