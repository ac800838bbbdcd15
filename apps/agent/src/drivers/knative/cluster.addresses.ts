import { isIPv4 } from 'node:net';
import { same } from '#libs/domain';
import { KINDS, KubeError, type KubeClient, type KubeObject } from '#libs/kube';
import { Loop, Milestone, type Logger } from '#libs/process';

const LOOK_MS = 30_000;
/** Where the API servers are, by their own word. */
const API_SERVERS = { namespace: 'default', name: 'kubernetes' };
/** Of a node's addresses, those that are no names. */
const NUMBERS = ['InternalIP', 'ExternalIP'];

interface AddressedNode extends KubeObject {
  status?: { addresses?: { type: string; address: string }[] };
}

interface EndpointSlice extends KubeObject {
  endpoints?: { addresses: string[] }[] | null;
}

/** Follows where a cluster's nodes and API servers are: every half minute. */
export class ClusterAddresses {
  private found: string[] = [];
  private isHindered = false;
  private readonly loop: Loop;
  private readonly seen = new Milestone();

  constructor(
    private readonly client: KubeClient,
    /** Told when others are found. */
    private readonly onChange: () => void,
    private readonly logger: Logger,
    lookMs = LOOK_MS,
  ) {
    this.loop = new Loop('addresses', lookMs, (signal) => this.look(signal), logger);
  }

  /** Resolves when they were seen once. @throws Stopped when it is stopped before */
  start(): Promise<void> {
    this.loop.start();
    return this.seen.passed();
  }

  async stop(): Promise<void> {
    this.seen.stop();
    await this.loop.stop();
  }

  /** IPv4, as seen last, in order. */
  all(): readonly string[] {
    return this.found;
  }

  private async look(signal: AbortSignal): Promise<void> {
    const found = [...(await this.nodes(signal)), ...(await this.apiServers())];
    const next = [...new Set(found.filter((address) => isIPv4(address)))].toSorted();
    const isOther = !same(next, this.found);
    this.found = next;
    this.seen.reach();
    if (isOther) this.onChange();
  }

  private async nodes(signal: AbortSignal): Promise<string[]> {
    const keep = ({ metadata: { name }, status }: AddressedNode): AddressedNode => ({
      ...{ apiVersion: 'v1', kind: 'Node', metadata: { name } },
      status: { addresses: status?.addresses?.filter(({ type }) => NUMBERS.includes(type)) ?? [] },
    });
    const { items } = await this.client.list<AddressedNode>(KINDS.node, {}, { keep, signal });
    return items.flatMap(({ status }) => status?.addresses?.map(({ address }) => address) ?? []);
  }

  /** An account with the rights of a release before may not ask. */
  private async apiServers(): Promise<string[]> {
    const { namespace, name } = API_SERVERS;
    try {
      const slice = await this.client.get<EndpointSlice>(KINDS.endpointSlice, namespace, name);
      this.isHindered = false;
      return (slice?.endpoints ?? []).flatMap(({ addresses }) => addresses);
    } catch (error) {
      if (!(error instanceof KubeError) || error.status !== 403) throw error;
      if (!this.isHindered)
        this.logger.warn(
          'the agent may not ask where the API server is: one at a public address stays open to pods of tenants until deploy/agent/rights.yaml is applied again',
        );
      this.isHindered = true;
      return [];
    }
  }
}
