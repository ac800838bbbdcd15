import { pathOf, KINDS, type KubeClient } from '#libs/kube';
import type { Clock } from '#libs/domain';
import type { Logger } from '#libs/process';
import type { DriverLog } from '../driver.js';
import { LABELS, idOf } from './knative.names.js';
import { APP_CONTAINER, type Pod } from './knative.types.js';

const KEPT_LINES = 20;
const RETRY_MS = 500;

interface Tail {
  abort: AbortController;
  lines: string[];
  /** Whether a container's output was read to its end. */
  ended: boolean;
  /** RFC 3339 of the last line, so that a new stream goes on behind it. */
  since: string | undefined;
}

/** Follows what every instance prints, from its start to its end. */
export class PodLogs {
  private readonly tails = new Map<string, Tail>();

  constructor(
    private readonly client: KubeClient,
    private readonly on: { line: (entry: DriverLog) => void; end: (pod: Pod) => void },
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {}

  /** Called with every change of a pod; follows it from its first start on. */
  see(pod: Pod): void {
    const { uid } = pod.metadata;
    const app = pod.status?.containerStatuses?.find(({ name }) => name === APP_CONTAINER);
    const started = app?.state?.running !== undefined || app?.state?.terminated !== undefined;
    if (uid === undefined || !started || this.tails.has(uid)) return;
    const tail: Tail = { abort: new AbortController(), lines: [], ended: false, since: undefined };
    this.tails.set(uid, tail);
    void this.follow(pod, tail);
  }

  /** The last lines of an instance that ended at least once; undefined until its output was read to that end. */
  lastLinesOf(pod: Pod): readonly string[] | undefined {
    const tail = this.tails.get(pod.metadata.uid ?? '');
    return tail?.ended === true ? tail.lines : undefined;
  }

  /** Forgets pods that are gone. */
  keep(pods: readonly Pod[]): void {
    const there = new Set(pods.map(({ metadata }) => metadata.uid));
    for (const [uid, { abort }] of this.tails) {
      if (there.has(uid)) continue;
      abort.abort();
      this.tails.delete(uid);
    }
  }

  stop(): void {
    for (const { abort } of this.tails.values()) abort.abort();
  }

  /** A stream ends with its container; a restarted one has another. */
  private async follow(pod: Pod, tail: Tail): Promise<void> {
    const { signal } = tail.abort;
    while (!signal.aborted) {
      try {
        await this.stream(pod, tail);
        tail.ended = true;
        this.on.end(pod);
      } catch (error) {
        if (!signal.aborted) this.logger.debug({ err: error, pod: pod.metadata.name }, 'a log stream ended');
      }
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }

  private async stream(pod: Pod, tail: Tail): Promise<void> {
    const { namespace, name, labels } = pod.metadata;
    const serviceId = idOf('svc', labels?.[LABELS.service]);
    if (serviceId === undefined) return;
    const lines = this.client.connection.lines({
      method: 'GET',
      path: `${pathOf(KINDS.pod, namespace, name)}/log`,
      query: {
        container: APP_CONTAINER,
        follow: 'true',
        timestamps: 'true',
        ...(tail.since === undefined ? {} : { sinceTime: tail.since }),
      },
      signal: tail.abort.signal,
    });
    for await (const line of lines) {
      const space = line.indexOf(' ');
      const stamp = line.slice(0, space);
      // sinceTime counts whole seconds: what was told already comes again
      if (tail.since !== undefined && stamp <= tail.since) continue;
      tail.since = stamp;
      const text = line.slice(space + 1);
      tail.lines.push(text);
      if (tail.lines.length > KEPT_LINES) tail.lines.shift();
      const time = Date.parse(stamp);
      this.on.line({
        serviceId,
        revision: labels?.['serving.knative.dev/revision'] ?? '',
        instance: name,
        stream: 'stdout',
        time: Number.isNaN(time) ? this.clock.now() : time,
        text,
      });
    }
  }
}
