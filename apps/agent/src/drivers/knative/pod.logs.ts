import { pathOf, KINDS, type KubeClient } from '#libs/kube';
import type { Clock } from '#libs/domain';
import type { Logger } from '#libs/process';
import type { DriverLog } from '../driver.js';
import { LABELS, idOf } from './knative.names.js';
import { containersOf, isSidecar, type ContainerState, type Pod } from './knative.types.js';

const KEPT_LINES = 20;
const RETRY_MS = 500;

interface Tail {
  abort: AbortController;
  lines: string[];
  /** Whether a container's output was read to its end. */
  ended: boolean;
  /** RFC 3339 of the last line, so that a new stream goes on behind it. */
  since: string | undefined;
  /** The same when an end was told last. */
  told: string | undefined;
  /** Which start of the container, by its number, is known to be over; undefined while one runs. */
  over: number | undefined;
  /** Which one's output was read after it was known to be over. */
  read: number | undefined;
  isFollowed: boolean;
}

const newTail = (): Tail => ({
  ...{ abort: new AbortController(), lines: [], ended: false, isFollowed: false },
  ...{ since: undefined, told: undefined, over: undefined, read: undefined },
});

const hasStarted = (state: ContainerState = {}): boolean =>
  state.running !== undefined || state.terminated !== undefined;

/** Whether the end of what it prints was read, until it is started again. */
const isRead = ({ over, read }: Tail): boolean => over !== undefined && over === read;

/** Follows what every instance prints, from its start to its end. */
export class PodLogs {
  /** By the pod's uid and the container's name. */
  private readonly tails = new Map<string, Map<string, Tail>>();

  constructor(
    private readonly client: KubeClient,
    /** `end`: a container's output was read to an end, and there is more of it than at the end before. */
    private readonly on: { line: (entry: DriverLog) => void; end: (pod: Pod) => void },
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {}

  /** Called with every change of a pod; follows each of its containers from its first start on. */
  see(pod: Pod): void {
    const { uid } = pod.metadata;
    if (uid === undefined) return;
    const tails = this.tails.get(uid) ?? new Map<string, Tail>();
    for (const { name, state, restartCount } of containersOf(pod)) {
      const tail = tails.get(name) ?? (hasStarted(state) ? newTail() : undefined);
      if (tail === undefined) continue;
      this.tails.set(uid, tails.set(name, tail));
      tail.over = state?.running === undefined ? restartCount : undefined;
      if (!tail.isFollowed && !isRead(tail)) void this.follow(pod, name, tail);
    }
  }

  /** The last lines of a container that ended at least once; undefined until its output was read to that end. */
  lastLinesOf(pod: Pod, container: string): readonly string[] | undefined {
    const tail = this.tails.get(pod.metadata.uid ?? '')?.get(container);
    return tail?.ended === true ? tail.lines : undefined;
  }

  /** Forgets pods that are gone. */
  keep(pods: readonly Pod[]): void {
    const there = new Set(pods.map(({ metadata }) => metadata.uid));
    for (const [uid, tails] of this.tails) {
      if (there.has(uid)) continue;
      for (const { abort } of tails.values()) abort.abort();
      this.tails.delete(uid);
    }
  }

  stop(): void {
    for (const tails of this.tails.values()) for (const { abort } of tails.values()) abort.abort();
  }

  /**
   * A stream ends with its container, and also when whoever carries it ends: it is asked for again until one was read to its
   * end that began when the container was known to have ended. A restarted one has another.
   */
  private async follow(pod: Pod, container: string, tail: Tail): Promise<void> {
    const { signal } = tail.abort;
    tail.isFollowed = true;
    while (!signal.aborted) {
      const { over } = tail;
      try {
        await this.stream(pod, container, tail);
        this.end(pod, tail);
        tail.read = over;
        if (isRead(tail)) break;
      } catch (error) {
        if (!signal.aborted) this.logger.debug({ err: error, pod: pod.metadata.name }, 'a log stream ended');
      }
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
    tail.isFollowed = false;
  }

  /** A stream that is asked for again after its end has ended already: that is no news. */
  private end(pod: Pod, tail: Tail): void {
    if (tail.ended && tail.told === tail.since) return;
    tail.ended = true;
    tail.told = tail.since;
    this.on.end(pod);
  }

  private async stream(pod: Pod, container: string, tail: Tail): Promise<void> {
    const { namespace, name, labels } = pod.metadata;
    const serviceId = idOf('svc', labels?.[LABELS.service]);
    if (serviceId === undefined) return;
    const lines = this.client.connection.lines({
      method: 'GET',
      path: `${pathOf(KINDS.pod, namespace, name)}/log`,
      query: {
        container,
        follow: 'true',
        timestamps: 'true',
        ...(tail.since === undefined ? {} : { sinceTime: tail.since }),
      },
      signal: tail.abort.signal,
    });
    for await (const line of lines) {
      const said = this.read(tail, line);
      if (said === undefined) continue;
      this.on.line({
        serviceId,
        revision: labels?.['serving.knative.dev/revision'] ?? '',
        instance: name,
        ...(isSidecar(container) ? { container } : {}),
        stream: 'stdout',
        ...said,
      });
    }
  }

  /** A line with its time; undefined when it was told already. */
  private read(tail: Tail, line: string): { time: number; text: string } | undefined {
    const space = line.indexOf(' ');
    const stamp = line.slice(0, space);
    // sinceTime counts whole seconds: what was told already comes again
    if (tail.since !== undefined && stamp <= tail.since) return undefined;
    tail.since = stamp;
    const text = line.slice(space + 1);
    tail.lines.push(text);
    if (tail.lines.length > KEPT_LINES) tail.lines.shift();
    const time = Date.parse(stamp);
    return { time: Number.isNaN(time) ? this.clock.now() : time, text };
  }
}
