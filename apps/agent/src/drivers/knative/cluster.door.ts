import { checkServerIdentity } from 'node:tls';
import { Agent as Dispatcher, request } from 'undici';
import type { PeerCertificate, PeerIdentity } from '#libs/bus';
import { peerName, type Clock, type Door, type Id } from '#libs/domain';
import { KINDS, type Kind, type KubeClient, type KubeObject } from '#libs/kube';
import { DOOR_NAME } from './door.bootstrap.js';
import { doorManifests, ingressPolicy, type DoorSettings } from './door.manifests.js';
import { isRolledOut, type Deployment } from './door.rollout.js';
import type { DoorKeeper } from './knative.driver.js';
import { SYSTEM_NAMESPACE } from './knative.names.js';
import { conditionOf, type KnativeCondition } from './knative.types.js';

const LOOK_MS = 300;
const ANSWER_MS = 5_000;
/** An image of Envoy may have to come first. */
const OPEN_MS = 120_000;
/** A host of nobody: whatever is answered to it, a door that knows us was passed. */
const NOBODY = 'door.invalid';
/** Whoever answers the probe gives it back: nobody else does. */
const PROBE_HASH = 'k-network-hash';
const KIND_OF: Record<string, Kind> = {
  Namespace: KINDS.namespace,
  Secret: KINDS.secret,
  Deployment: KINDS.deployment,
  Service: KINDS.service,
  NetworkPolicy: KINDS.networkPolicy,
};

interface DoorService extends KubeObject {
  spec: { ports: { nodePort?: number; port: number }[] };
  status?: { loadBalancer?: { ingress?: { ip?: string; hostname?: string }[] } };
}
interface Node extends KubeObject {
  status: { addresses: { type: string; address: string }[]; conditions?: KnativeCondition[] };
}

/** The door of one cluster: made, given its certificate, and knocked at. */
export class ClusterDoor implements DoorKeeper {
  private door: Door | undefined;
  private dispatcher: Dispatcher | undefined;

  constructor(
    private readonly parts: {
      client: KubeClient;
      clusterId: Id<'cls'>;
      settings: DoorSettings;
      /** What the door shows. */
      own: PeerCertificate;
      /** What the agent shows when it knocks. */
      knocking: PeerCertificate;
      clock: Clock;
    },
  ) {}

  /** Resolves when it lets this agent in: one that runs may still be that of the agent before. */
  async open(): Promise<Door> {
    const { own, knocking, clock } = this.parts;
    await this.show(own.current ?? (await own.renewDue()));
    this.dress(knocking.current ?? (await knocking.renewDue()));
    own.start();
    knocking.start();
    for (const end = clock.now() + OPEN_MS; ;) {
      this.door = await this.address();
      if ((await this.ask(NOBODY, {})) !== undefined) return this.door;
      if (clock.now() > end) throw new Error('the door of the cluster does not let its own agent in');
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.parts.own.stop(), this.parts.knocking.stop()]);
    await this.dispatcher?.destroy();
  }

  /** Puts a certificate where the door reads it. */
  readonly show = async ({ chain, key, trust }: PeerIdentity): Promise<void> => {
    const { client, clusterId, settings } = this.parts;
    const agent = peerName(clusterId, 'gateway');
    for (const manifest of [
      ...doorManifests(settings, { chain, key, root: trust, agent }),
      ingressPolicy(),
    ]) {
      const kind = KIND_OF[manifest.kind];
      if (kind === undefined) throw new Error(`${manifest.kind} is no part of a door`);
      await client.apply(kind, manifest, 'towpath-door');
    }
  };

  /** Knocks with this certificate from now on. */
  readonly dress = ({ chain, key, trust }: PeerIdentity): void => {
    const before = this.dispatcher;
    const name = peerName(this.parts.clusterId, 'door');
    this.dispatcher = new Dispatcher({
      // By the door's own name, whatever Host is asked for.
      connect: {
        cert: chain,
        key,
        ca: trust,
        checkServerIdentity: (_host, peer) => checkServerIdentity(name, peer),
      },
    });
    void before?.close();
  };

  /**
   * Whether a revision's host is answered through the door. Knative's own probe is answered by its activator or
   * sidecar: it goes the way of a request, reaches no code of the customer and costs nothing.
   */
  async answers(host: string): Promise<boolean> {
    const answer = await this.ask(host, { 'k-network-probe': 'probe', [PROBE_HASH]: host });
    return answer?.statusCode === 200 && answer.headers[PROBE_HASH] === host;
  }

  /** What is answered through the door; undefined when nothing is. */
  private async ask(
    host: string,
    headers: Record<string, string>,
  ): Promise<Awaited<ReturnType<typeof request>> | undefined> {
    const { door, dispatcher } = this;
    if (door === undefined || dispatcher === undefined) return undefined;
    try {
      const answer = await request(`https://${door.host}:${door.port}/`, {
        headers: { host, ...headers },
        dispatcher,
        signal: AbortSignal.timeout(ANSWER_MS),
      });
      await answer.body.dump();
      return answer;
    } catch {
      return undefined;
    }
  }

  /** The load balancer's address, else that of a node that is ready with the port that every node opens. Waits until the door is what it should be. */
  private async address(): Promise<Door> {
    const { client } = this.parts;
    for (;;) {
      const service = await client.get<DoorService>(KINDS.service, SYSTEM_NAMESPACE, DOOR_NAME);
      const deployment = await client.get<Deployment>(KINDS.deployment, SYSTEM_NAMESPACE, DOOR_NAME);
      const isThere = deployment !== undefined && isRolledOut(deployment);
      const found = service !== undefined && isThere ? await this.addressOf(service) : undefined;
      if (found !== undefined) return found;
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }

  private async addressOf({ spec, status }: DoorService): Promise<Door | undefined> {
    const [port] = spec.ports;
    const [balancer] = status?.loadBalancer?.ingress ?? [];
    const host = balancer?.ip ?? balancer?.hostname;
    if (port === undefined) return undefined;
    if (host !== undefined) return { host, port: port.port, secure: true };
    if (port.nodePort === undefined) return undefined;
    const { items } = await this.parts.client.list<Node>(KINDS.node);
    const ready = items.filter(
      ({ status: { conditions } }) => conditionOf(conditions, 'Ready')?.status === 'True',
    );
    const addresses = ready.flatMap((node) => node.status.addresses);
    const node = addresses.find(({ type }) => type === 'InternalIP');
    return node && { host: node.address, port: port.nodePort, secure: true };
  }
}
