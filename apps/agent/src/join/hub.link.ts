import { TowpathError } from '#libs/domain';
import { Bus, inboxPrefix, type Membership, type Renewal } from '#libs/bus';
import { Loop, type Health, type Logger } from '#libs/process';

const RETRY_MS = 2_000;

/** The agent's connection to the hub. It comes when the hub is there, and comes back by itself; nothing waits for it. */
export class HubLink {
  private current: Bus | undefined;
  private connected = false;
  private readonly loop: Loop;

  constructor(
    private readonly membership: Membership,
    private readonly renewal: Renewal,
    private readonly health: Health,
    private readonly logger: Logger,
    /** Told at the first connection, before anything is sent, and after every reconnection. */
    private readonly onUp: (bus: Bus) => void,
  ) {
    this.loop = new Loop('hub', RETRY_MS, () => this.ensure(), logger);
  }

  start(): void {
    this.health.set('hub', true, 'not connected yet');
    this.loop.start();
    this.renewal.start();
  }

  /** @throws TowpathError UNAVAILABLE at once while there is no connection, rather than after a time-out */
  bus(): Bus {
    if (this.current && this.connected) return this.current;
    throw new TowpathError('UNAVAILABLE', 'The agent has no connection to the hub now.');
  }

  /** Dials again, with the newest credentials. */
  async redial(): Promise<void> {
    if (!this.connected) return;
    await this.current?.nc.reconnect().catch((error: unknown) => {
      this.logger.warn({ err: error }, 'the renewed credentials are used at the next connection');
    });
  }

  /** Ends the tries to reach a hub that is away, so that nothing waits for its answers. */
  async giveUpIfAway(): Promise<void> {
    await Promise.all([this.renewal.stop(), this.loop.stop()]);
    if (!this.connected) await this.current?.nc.close();
  }

  async close(): Promise<void> {
    await this.giveUpIfAway();
    await this.current?.close();
  }

  private async ensure(): Promise<void> {
    if (this.current) return;
    const { id } = this.membership;
    const bus = await Bus.connect({
      servers: this.renewal.natsUrl,
      creds: this.renewal.creds,
      name: `agent ${id}`,
      inboxPrefix: inboxPrefix(id),
    });
    this.current = bus;
    this.connected = true;
    void this.watch(bus);
    this.health.set('hub', true, 'connected');
    this.onUp(bus);
  }

  /** The hub's absence is no illness of the agent: it is told, and the agent goes on. */
  private async watch(bus: Bus): Promise<void> {
    for await (const { type } of bus.nc.status()) {
      if (type === 'disconnect') {
        this.connected = false;
        this.health.set('hub', true, 'not connected; working from the targets on disk');
        this.logger.warn('the hub is away');
      }
      if (type === 'reconnect') {
        this.connected = true;
        this.health.set('hub', true, 'connected');
        this.logger.info('the hub is back');
        this.onUp(bus);
      }
    }
  }
}
