import { checkServerIdentity } from 'node:tls';
import { Agent as Dispatcher, request } from 'undici';
import type { PeerCertificate, PeerIdentity } from '#libs/bus';
import { peerName, same, type Clock, type Door, type Id } from '#libs/domain';
import { KINDS, type KubeClient, type Where } from '#libs/kube';
import { Loop, Milestone, Stopped, type Logger } from '#libs/process';
import { doorAddresses, stays, type DoorAddress, type DoorNode, type DoorService } from './door.address.js';
import { DOOR_NAME } from './door.bootstrap.js';
import { doorManifests, ingressPolicy, type DoorSettings } from './door.manifests.js';
import { DoorObjects } from './door.objects.js';
import { isRolledOut, type Deployment } from './door.rollout.js';
import type { DoorKeeper } from './knative.driver.js';
import { SYSTEM_NAMESPACE } from './knative.names.js';
import type { OnDrift } from './service.applier.js';

/** While it is being opened. */
const LOOK_MS = 300;
/** Where it is reached is looked at again. */
const FOLLOW_MS = 5_000;
const ANSWER_MS = 5_000;
/** Addresses that are knocked at together. */
const AT_ONCE = 16;
/** An image of Envoy may have to come first. */
const OPEN_MS = 120_000;
/** A host of nobody: whatever is answered to it, a door that knows us was passed. */
const NOBODY = 'door.invalid';
/** Whoever answers the probe gives it back: nobody else does. */
const PROBE_HASH = 'k-network-hash';
/** What Knative's activator calls itself when it asks an instance whether it is ready, */
const ACTIVATOR = 'Knative-Activator-Probe';
/** and what the sidecar there says to one that names no probe. */
const SIDECAR_SAYS = 'unexpected probe header value';

type Answer = Pick<Awaited<ReturnType<typeof request>>, 'statusCode' | 'headers'> & { text: string };

/** The door of one cluster: made, given its certificate, knocked at, and followed where it is reached. */
export class ClusterDoor implements DoorKeeper {
  private known: DoorAddress | undefined;
  private dispatcher: Dispatcher | undefined;
  private readonly loop: Loop;
  private readonly opened = new Milestone();
  private readonly objects: DoorObjects;

  constructor(
    private readonly parts: {
      client: KubeClient;
      clusterId: Id<'cls'>;
      settings: DoorSettings;
      /** What the door shows. */
      own: PeerCertificate;
      /** What the agent shows when it knocks. */
      knocking: PeerCertificate;
      onDrift: OnDrift;
      clock: Clock;
      logger: Logger;
    },
    followMs = FOLLOW_MS,
  ) {
    this.loop = new Loop('door', followMs, async (signal) => void (await this.look(signal)), parts.logger);
    this.objects = new DoorObjects(parts);
  }

  /** Resolves when it lets this agent in: one that runs may still be that of the agent before. @throws Stopped when it is closed before */
  open(): Promise<void> {
    return Promise.race([this.makeOpen(), this.opened.passed()]);
  }

  private async makeOpen(): Promise<void> {
    const { own, knocking, clock } = this.parts;
    await this.show(own.current ?? (await own.renewDue()));
    const shown = knocking.current ?? (await knocking.renewDue());
    this.unlessClosed();
    this.dress(shown);
    own.start();
    knocking.start();
    while (!(await this.isRolledOut())) await this.soon();
    for (let end = Infinity; ; await this.soon()) {
      const isSomewhere = await this.look();
      if (this.known !== undefined) break;
      if (clock.now() > end) throw new Error('the door of the cluster does not let its own agent in');
      if (isSomewhere) end = Math.min(end, clock.now() + OPEN_MS);
    }
    this.loop.start();
    this.opened.reach();
  }

  private async soon(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    this.unlessClosed();
  }

  private unlessClosed(): void {
    if (this.opened.isStopped) throw new Stopped();
  }

  async close(): Promise<void> {
    const { own, knocking } = this.parts;
    this.opened.stop();
    await Promise.all([this.loop.stop(), this.objects.stop(), own.stop(), knocking.stop()]);
    await this.dispatcher?.destroy();
  }

  /** Where gateways reach it, as it was last seen to answer; undefined before it is open. */
  address(): Door | undefined {
    return this.known?.door;
  }

  /** Puts a certificate where the door reads it. */
  readonly show = async ({ chain, key, trust }: PeerIdentity): Promise<void> => {
    const { clusterId, settings } = this.parts;
    const agent = peerName(clusterId, 'gateway');
    const manifests = doorManifests(settings, { chain, key, root: trust, agent });
    await this.objects.make([...manifests, ingressPolicy()]);
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
   * Whether a revision's host is answered through the door. Neither way reaches code of the customer or costs anything. Knative's own probe
   * is answered by its activator where that is on the way, whether an instance can be reached or not. Who calls himself the activator's
   * is passed on by it, and told by the sidecar of an instance that he asked for nothing.
   */
  async answers(host: string, whom: 'ingress' | 'instance'): Promise<boolean> {
    const door = this.address();
    if (door === undefined) return false;
    if (whom === 'instance') {
      const said = await this.ask(door, host, { 'user-agent': ACTIVATOR });
      return said?.statusCode === 400 && said.text.startsWith(SIDECAR_SAYS);
    }
    const answer = await this.ask(door, host, { 'k-network-probe': 'probe', [PROBE_HASH]: host });
    return answer?.statusCode === 200 && answer.headers[PROBE_HASH] === host;
  }

  /** What is answered through the door at an address; undefined when nothing is. */
  private async ask(
    door: Door,
    host: string,
    headers: Record<string, string> = {},
  ): Promise<Answer | undefined> {
    const { dispatcher } = this;
    if (dispatcher === undefined) return undefined;
    try {
      const {
        statusCode,
        headers: own,
        body,
      } = await request(`https://${door.host}:${door.port}/`, {
        headers: { host, ...headers },
        dispatcher,
        signal: AbortSignal.timeout(ANSWER_MS),
      });
      return { statusCode, headers: own, text: await body.text() };
    } catch {
      return undefined;
    }
  }

  private async isRolledOut(): Promise<boolean> {
    const deployment = await this.parts.client.get<Deployment>(KINDS.deployment, SYSTEM_NAMESPACE, DOOR_NAME);
    return deployment !== undefined && isRolledOut(deployment);
  }

  /**
   * Looks where the door is reached. The one node that gateways know is asked for alone: a cluster may have thousands.
   * @returns whether there is any way to it, answered or not
   */
  private async look(signal?: AbortSignal): Promise<boolean> {
    const service = await this.parts.client.get<DoorService>(KINDS.service, SYSTEM_NAMESPACE, DOOR_NAME);
    if (service === undefined) return false;
    const node = this.known?.node;
    const own = node === undefined ? [] : await this.nodes({ fields: `metadata.name=${node}` });
    if (await this.chooseOf(doorAddresses(service, own.filter(stays)), signal)) return true;
    const addresses = doorAddresses(service, await this.nodes(), node);
    await this.chooseOf(addresses, signal);
    return addresses.length > 0;
  }

  private async nodes(where: Where = {}): Promise<DoorNode[]> {
    return (await this.parts.client.list<DoorNode>(KINDS.node, where)).items;
  }

  /** Takes the first that lets this agent in; where none does what is known stays. */
  private async chooseOf(addresses: readonly DoorAddress[], signal?: AbortSignal): Promise<boolean> {
    for (let from = 0; from < addresses.length && signal?.aborted !== true; from += AT_ONCE) {
      const some = addresses.slice(from, from + AT_ONCE);
      const answers = await Promise.all(some.map(({ door }) => this.ask(door, NOBODY)));
      const found = some.find((_address, index) => answers[index] !== undefined);
      if (found === undefined) continue;
      const before = this.known;
      this.known = found;
      if (before !== undefined && !same(before, found))
        this.parts.logger.warn({ before, found }, 'the door is reached at another address now');
      return true;
    }
    return false;
  }
}
