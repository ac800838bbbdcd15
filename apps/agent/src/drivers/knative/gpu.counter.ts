import { same, type Clock, type GpuSupply, type OfferedGpus } from '#libs/domain';
import { KINDS, KubeError, type KubeClient } from '#libs/kube';
import { Loop, type Logger } from '#libs/process';
import { HOLDERS, holdsSome, hostsOf, countSupply, type GpuHolder, type GpuHost } from './gpu.supply.js';

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

/** Counts what the cluster has of each GPU class: every half minute, more often while somebody waits. */
export class GpuCounter {
  private classes: readonly OfferedGpus[] = [];
  private counted: GpuSupply[] | undefined;
  private countedAt = -Infinity;
  private readonly loop: Loop;

  constructor(private readonly parts: CounterParts) {
    this.loop = new Loop('gpus', LOOK_MS, () => this.look(), parts.logger);
  }

  /** Counts these from now on. */
  count(classes: readonly OfferedGpus[]): void {
    if (same(this.classes, classes)) return;
    this.classes = classes;
    this.countedAt = -Infinity;
    this.loop.wake();
  }

  stop(): Promise<void> {
    return this.loop.stop();
  }

  /** As counted last; undefined: not yet, or nodes and pods may not be listed. */
  supply(): GpuSupply[] | undefined {
    return this.counted;
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
    const { client } = this.parts;
    try {
      const { items: nodes } = await client.list<GpuHost>(KINDS.node);
      const hasHosts = classes.some((one) => hostsOf(one, nodes).length > 0);
      return countSupply(classes, nodes, hasHosts ? await this.holders(classes) : []);
    } catch (error) {
      if (error instanceof KubeError && error.status === 403) return undefined;
      throw error;
    }
  }

  /** Of all pods of the cluster a few hold GPUs. */
  private async holders(classes: readonly OfferedGpus[]): Promise<GpuHolder[]> {
    const found: GpuHolder[] = [];
    for await (const { items } of this.parts.client.pages<GpuHolder>(KINDS.pod, { fields: HOLDERS }))
      found.push(...items.filter((pod) => holdsSome(pod, classes)));
    return found;
  }
}
