import type { Api } from './api.js';
import { clusterUnderTest, kubeGet, kubectl } from './kubectl.js';
import { until } from './until.js';

const POOL = 'gpu.example/pool';

/** What a cluster says it has of a class. */
export interface Supply {
  gpuClass: string;
  nodes: number;
  perNode: number;
  total: number;
  taken: number;
  free: number;
  freePerNode: number;
}

/**
 * GPUs of a class of their own at the node of the cluster under test. No device is behind them: the node says that it has
 * some, and the real scheduler hands them out.
 */
export class OfferedGpus {
  /** What the node offers them as. */
  readonly resource: string;
  /** Of nodes that have them. */
  readonly nodeLabels: Readonly<Record<string, string>>;
  private readonly node = clusterUnderTest().name;

  constructor(
    private readonly operator: Api,
    readonly gpuClass: string,
  ) {
    this.resource = `gpu.example/${gpuClass}`;
    this.nodeLabels = { [POOL]: gpuClass };
  }

  /** The node has so many, and there is a class of them. */
  async begin(count: string): Promise<void> {
    const { gpuClass: name, resource } = this;
    await kubectl('label', '--overwrite', 'node', this.node, `${POOL}=${name}`);
    await this.offer(count);
    const nodeLabels = [{ name: POOL, value: name }];
    await this.operator.ok('POST', '/v1/gpu-classes', { name, resource, nodeLabels });
  }

  /** The node's kubelet says at its own pace what may be handed out. */
  async offer(count: string): Promise<void> {
    await this.patch({ op: 'add', path: this.path, value: count });
    await until(`the node offers ${count}`, 120_000, async () => {
      const { status } = await kubeGet<{ status: { allocatable: Record<string, string> } }>(
        'node',
        this.node,
      );
      return status.allocatable[this.resource] === count;
    });
  }

  /** The node has none any more, also when `begin` came to no end. */
  async end(): Promise<void> {
    await kubectl('label', 'node', this.node, `${POOL}-`);
    const { status } = await kubeGet<{ status: { capacity: Record<string, string> } }>('node', this.node);
    if (this.resource in status.capacity) await this.patch({ op: 'remove', path: this.path });
  }

  /** What the cluster told the operator, once it has counted. */
  async supply(): Promise<Supply | undefined> {
    const { items } = await this.operator.ok<{ items: { gpuSupply?: Supply[] }[] }>('GET', '/v1/clusters');
    const all = items.flatMap(({ gpuSupply = [] }) => gpuSupply);
    return all.find(({ gpuClass, nodes }) => gpuClass === this.gpuClass && nodes > 0);
  }

  private get path(): string {
    return `/status/capacity/${this.resource.replace('/', '~1')}`;
  }

  private patch(change: object): Promise<string> {
    const text = JSON.stringify([change]);
    return kubectl('patch', 'node', this.node, '--subresource=status', '--type=json', '-p', text);
  }
}
