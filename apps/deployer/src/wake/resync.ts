import { resyncSubject, restartAgentConsumer, restartGatewayConsumer, type Bus } from '#libs/bus';
import { isId, isSuspect, type Clock } from '#libs/domain';
import { Loop, type Logger } from '#libs/process';
import {
  listClusterServices,
  listClusters,
  listStandingServices,
  listUnsettledServices,
  type Database,
  type Tx,
} from '#libs/store';

const UNSETTLED_MS = 60_000;
/** Only one replica makes an agent's or gateway's consumer anew. */
const QUEUE = 'deployer';
const ALL = { limit: 10_000 };

export interface ResyncNews {
  wakeService(serviceId: string): void;
  /** An agent or gateway asked, as it does when it has joined or comes back: every replica hears of it. */
  asked(): void;
}

/** Wakes services without an event: at start, every minute what is not settled, and when an agent or gateway asks. */
export class Resync {
  private readonly loop: Loop;
  private unsubscribe: (() => void)[] = [];

  constructor(
    private readonly bus: Bus,
    private readonly db: Database,
    private readonly clock: Clock,
    private readonly news: ResyncNews,
    private readonly logger: Logger,
  ) {
    this.loop = new Loop('resync', UNSETTLED_MS, () => this.unsettled(), logger);
  }

  start(): void {
    const subject = resyncSubject('*');
    this.unsubscribe = [
      this.bus.subscribe(subject, (asked) => this.asked(idOf(asked))),
      this.bus.subscribe(subject, (asked) => this.sendAgain(idOf(asked)), QUEUE),
    ];
    this.loop.start();
  }

  async stop(): Promise<void> {
    for (const unsubscribe of this.unsubscribe) unsubscribe();
    await this.loop.stop();
  }

  /** Everything that stands or should: at start, or when a partition came to this replica. */
  all(): Promise<void> {
    return this.wake((tx) => listStandingServices(tx));
  }

  /** Everything a cluster holds or should drop. */
  cluster(clusterId: string): Promise<void> {
    return this.wake(async (tx) => [
      ...(await listClusterServices(tx, clusterId)),
      ...(await listUnsettledServices(tx)),
    ]);
  }

  private unsettled(): Promise<void> {
    return this.wake(async (tx) => [
      ...(await listUnsettledServices(tx)),
      ...(await this.onLeavingClusters(tx)),
    ]);
  }

  /** Nothing reports that a cluster fell silent, or that another one has room for what is drained: so these are looked at. */
  private async onLeavingClusters(tx: Tx): Promise<string[]> {
    const now = this.clock.now();
    const clusters = await listClusters(tx, ALL);
    const leaving = clusters.filter(
      (cluster) =>
        cluster.drainingAt !== undefined || (cluster.lastSeenAt !== undefined && isSuspect(cluster, now)),
    );
    return (await Promise.all(leaving.map(({ id }) => listClusterServices(tx, id)))).flat();
  }

  private async asked(id: string): Promise<void> {
    this.news.asked();
    try {
      await (isId('cls', id) ? this.cluster(id) : this.all());
    } catch (error) {
      this.logger.warn({ err: error, asker: id }, 'a resync was asked for and failed');
    }
  }

  /** Rows and KV are compared by the passes; this makes what KV shows arrive again. */
  private async sendAgain(id: string): Promise<void> {
    try {
      if (isId('cls', id)) await restartAgentConsumer(this.bus, id);
      if (isId('gw', id)) await restartGatewayConsumer(this.bus, id);
    } catch (error) {
      this.logger.warn({ err: error, asker: id }, 'could not send everything again');
    }
  }

  private async wake(list: (tx: Tx) => Promise<string[]>): Promise<void> {
    for (const serviceId of new Set(await this.db.asSystem(list))) this.news.wakeService(serviceId);
  }
}

function idOf(subject: string): string {
  return subject.slice(subject.lastIndexOf('.') + 1);
}
