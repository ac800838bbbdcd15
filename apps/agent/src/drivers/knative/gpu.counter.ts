import { same, type Clock, type GpuSupply, type OfferedGpus } from '#libs/domain';
import { KINDS, KubeError, Reflector, type KubeClient } from '#libs/kube';
import { Loop, type Logger } from '#libs/process';
import { HOLDERS, holderPart, hostPart, hostSelector } from './gpu.reading.js';
import { countSupply, type GpuHolder, type GpuHost } from './gpu.supply.js';

/** While an instance waits for a GPU. */
const LOOK_MS = 10_000;
const REST_MS = 30_000;

interface CounterParts {
  client: KubeClient;
  /** Whether an instance waits for a GPU now. */
  isWaitedFor: () => boolean;
  clock: Clock;
  logger: Logger;
}

/**
 * Counts what the cluster has of each GPU class: every half minute, more often while somebody waits. Nodes of the classes are
 * read for that; pods, of which a cluster may have a hundred times as many, are followed from when a node with such GPUs is seen.
 */
export class GpuCounter {
  private classes: readonly OfferedGpus[] = [];
  private counted: GpuSupply[] | undefined;
  private countedAt = -Infinity;
  private readonly loop: Loop;
  private readonly holders: Reflector<GpuHolder>;
  private pods: 'unread' | 'coming' | 'read' = 'unread';

  constructor(private readonly parts: CounterParts) {
    const { client, logger } = parts;
    this.loop = new Loop('gpus', LOOK_MS, () => this.look(), logger);
    const options = { keep: holderPart, onChange: () => undefined };
    this.holders = new Reflector(client, KINDS.pod, { fields: HOLDERS }, logger, options);
  }

  /** Counts these from now on. */
  count(classes: readonly OfferedGpus[]): void {
    if (same(this.classes, classes)) return;
    this.classes = classes;
    this.countAnew();
  }

  async stop(): Promise<void> {
    await Promise.all([this.loop.stop(), this.holders.stop()]);
  }

  /** As counted last; undefined: not yet, or nodes and pods may not be listed. */
  supply(): GpuSupply[] | undefined {
    return this.counted;
  }

  private countAnew(): void {
    this.countedAt = -Infinity;
    this.loop.wake();
  }

  private async look(): Promise<void> {
    const { clock, isWaitedFor } = this.parts;
    const { classes } = this;
    if (clock.now() - this.countedAt < REST_MS && !isWaitedFor()) return;
    this.counted = classes.length === 0 ? undefined : await this.countNow(classes);
    // others may have been told meanwhile
    if (classes === this.classes) this.countedAt = clock.now();
  }

  private async countNow(classes: readonly OfferedGpus[]): Promise<GpuSupply[] | undefined> {
    const nodes = await this.hosts(classes);
    if (nodes === undefined) return undefined;
    if (nodes.length > 0 && !this.arePodsRead()) return this.counted;
    return countSupply(classes, nodes, this.holders.all());
  }

  private async hosts(classes: readonly OfferedGpus[]): Promise<GpuHost[] | undefined> {
    const where = { labels: hostSelector(classes) };
    try {
      return (await this.parts.client.list<GpuHost>(KINDS.node, where, { keep: hostPart(classes) })).items;
    } catch (error) {
      if (error instanceof KubeError && error.status === 403) return undefined;
      throw error;
    }
  }

  /** Whether all pods were seen once: it is counted when they are. */
  private arePodsRead(): boolean {
    if (this.pods === 'unread') {
      this.pods = 'coming';
      this.holders.start();
      const read = (): void => {
        this.pods = 'read';
        this.countAnew();
      };
      // Nothing is counted any more once it is stopped.
      this.holders.synced().then(read, () => undefined);
    }
    return this.pods === 'read';
  }
}
