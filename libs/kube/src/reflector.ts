import { Milestone, type Logger } from '#libs/process';
import { selectors, type Keep, type KubeClient, type Where } from './client.js';
import { pathOf, type Kind, type KubeObject } from './kinds.js';
import { KubeError } from './kube.error.js';

/** Bookmarks come about once a minute: a watch that is silent for longer is dead, whatever TCP believes. */
const SILENCE_MS = 90_000;
/** After this time the server is asked to end a watch, which then goes on without a new list. */
const WATCH_SECONDS = 300;
/** Shorter than this none is made, however soon others break. */
const WATCH_SECONDS_MIN = 20;
const RETRY_BASE_MS = 200;
const RETRY_MAX_MS = 30_000;
/** A watch that broke sooner counts as one more failure in a row, whatever it told: else each would soon be a new list. */
const LIVED_MS = 5_000;

interface WatchEvent<T> {
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  object: T & { code?: number; reason?: string; message?: string };
}

export interface ReflectorOptions<T extends KubeObject = KubeObject> {
  /** Told of every object that came, changed or went. */
  onChange: (key: string) => void;
  /** All of each where it is absent; an object of which nothing is kept is as one that is not there. */
  keep?: Keep<T>;
  /** Told before what a list has is told: what came and went since the last event is not known. */
  onList?: () => void;
  silenceMs?: number;
  random?: () => number;
  /** ms of a clock that only goes forward. */
  now?: () => number;
}

/**
 * A copy of a kind's objects that follows the API server: list, then watch; a new list after a silent watch and after
 * errors, with full-jitter back-off: who answers next may have been given older data, and tells nothing of them to whoever
 * watches from a version that is still to come. An object that a list no longer has is gone; a failed list changes nothing.
 */
export class Reflector<T extends KubeObject> {
  private readonly objects = new Map<string, T>();
  private readonly abort = new AbortController();
  private readonly firstList = new Milestone();
  private running: Promise<void> | undefined;
  private failures = 0;
  private version: string | undefined;
  private watchSeconds = WATCH_SECONDS;
  private readonly keep: Keep<T>;

  constructor(
    private readonly client: KubeClient,
    private readonly kind: Kind,
    private readonly where: Where,
    private readonly logger: Logger,
    private readonly options: ReflectorOptions<T>,
  ) {
    this.keep = options.keep ?? ((object) => object);
  }

  start(): void {
    this.running ??= this.run();
  }

  async stop(): Promise<void> {
    this.firstList.stop();
    this.abort.abort();
    await this.running;
  }

  /** Resolves when the first list is in. @throws Stopped when it is stopped before */
  synced(): Promise<void> {
    return this.firstList.passed();
  }

  get(key: string): T | undefined {
    return this.objects.get(key);
  }

  all(): T[] {
    return [...this.objects.values()];
  }

  private async run(): Promise<void> {
    const { now = () => performance.now() } = this.options;
    while (!this.abort.signal.aborted) {
      let watchedAt: number | undefined;
      try {
        if (this.version === undefined) await this.list();
        watchedAt = now();
        await this.watch();
        this.failures = 0;
      } catch (error) {
        if (this.abort.signal.aborted) return;
        this.version = undefined;
        const livedMs = watchedAt === undefined ? 0 : now() - watchedAt;
        this.failures = livedMs >= LIVED_MS ? 1 : this.failures + 1;
        if (!(error instanceof KubeError)) this.endSooner(livedMs);
        const about = { err: error, kind: this.kind.kind, failures: this.failures };
        this.logger.warn(about, 'a watch failed, will be tried again');
        await this.pause(error);
      }
    }
  }

  /**
   * Something on the way may break off what says nothing for so long, again and again: the server is to end the next watches
   * before that, for one that broke needs a new list.
   */
  private endSooner(livedMs: number): void {
    const shorter = Math.floor((livedMs * 0.8) / 1_000);
    if (shorter >= WATCH_SECONDS_MIN) this.watchSeconds = Math.min(this.watchSeconds, shorter);
  }

  private async list(): Promise<void> {
    const { keep } = this;
    const { signal } = this.abort;
    const { items, resourceVersion } = await this.client.list<T>(this.kind, this.where, { keep, signal });
    this.options.onList?.();
    const seen = new Map(items.map((item) => [keyOf(item), item]));
    for (const key of this.objects.keys()) if (!seen.has(key)) this.forget(key);
    for (const item of seen.values()) this.store(item);
    this.version = resourceVersion;
    this.firstList.reach();
  }

  private async watch(): Promise<void> {
    const silence = new AbortController();
    const { silenceMs = SILENCE_MS } = this.options;
    let timer = setTimeout(() => silence.abort(), silenceMs);
    try {
      const lines = this.client.connection.lines({
        method: 'GET',
        path: pathOf(this.kind, this.where.namespace),
        query: {
          watch: 'true',
          allowWatchBookmarks: 'true',
          resourceVersion: this.version ?? '',
          timeoutSeconds: String(this.watchSeconds),
          ...selectors(this.where),
        },
        signal: AbortSignal.any([this.abort.signal, silence.signal]),
      });
      for await (const line of lines) {
        clearTimeout(timer);
        timer = setTimeout(() => silence.abort(), silenceMs);
        this.take(JSON.parse(line) as WatchEvent<T>);
      }
    } catch (error) {
      if (!silence.signal.aborted) throw error;
      this.version = undefined;
      this.logger.warn({ kind: this.kind.kind }, 'a watch was silent: listed and watched anew');
    } finally {
      clearTimeout(timer);
    }
  }

  private take({ type, object }: WatchEvent<T>): void {
    if (type === 'ERROR')
      throw new KubeError(object.code ?? 500, object.reason ?? '', object.message ?? 'the watch ended');
    this.version = object.metadata.resourceVersion;
    if (type === 'BOOKMARK') return;
    const kept = type === 'DELETED' ? undefined : this.keep(object);
    if (kept === undefined) this.forget(keyOf(object));
    else this.store(kept);
  }

  private store(object: T): void {
    const key = keyOf(object);
    if (this.objects.get(key)?.metadata.resourceVersion === object.metadata.resourceVersion) return;
    this.objects.set(key, object);
    this.options.onChange(key);
  }

  private forget(key: string): void {
    if (this.objects.delete(key)) this.options.onChange(key);
  }

  private pause(error: unknown): Promise<void> {
    const limit = Math.min(RETRY_MAX_MS, RETRY_BASE_MS * 2 ** Math.min(this.failures, 10));
    const asked = error instanceof KubeError ? (error.retryAfterMs ?? 0) : 0;
    const wait = asked + (this.options.random ?? Math.random)() * limit;
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, wait);
      this.abort.signal.addEventListener(
        'abort',
        () => {
          clearTimeout(timer);
          resolve();
        },
        { once: true },
      );
    });
  }
}

/** `<namespace>/<name>`, or the name of what has no namespace. */
export function keyOf({ metadata: { namespace, name } }: KubeObject): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}
