import { GATEWAYS_BUCKET, decode, gatewayStatusSchema, type Bus, type KeyEntry } from '#libs/bus';
import type { Clock } from '#libs/domain';
import { Loop, type Health, type Logger } from '#libs/process';
import type { BillingMetrics } from './billing.metrics.js';

const LOOK_MS = 5_000;
/** What the way of a gateway's word may take. */
const WRONG_MS = 5_000;
/** A gateway that has said nothing for so long is gone, and its clock with it. */
const GONE_MS = 60_000;

interface Said {
  /** By how much its clock was ahead of the hub's when it spoke last, ms. */
  newestMs: number;
  /** The same, or what it was the time before where that is less: one word that was long on its way says nothing. */
  offsetMs: number;
  /** UTC ms of the hub. */
  storedAt: number;
}

/**
 * Watches whether the clocks of gateways are right, by what they say every 5 s. Usage of one whose clock is wrong is counted
 * in wrong minutes, comes late, or is refused as from the future: an operator must hear of it.
 */
export class ClockWatch {
  private readonly said = new Map<string, Said>();
  private readonly loop: Loop;
  private stopWatch: () => void = () => undefined;

  constructor(
    private readonly bus: Bus,
    private readonly clock: Clock,
    private readonly metrics: BillingMetrics,
    private readonly health: Health,
    private readonly logger: Logger,
  ) {
    this.loop = new Loop('gateway clocks', LOOK_MS, () => this.look(), logger);
  }

  async start(): Promise<void> {
    this.stopWatch = await this.bus.watchKeys(GATEWAYS_BUCKET, '>', (entry) => this.take(entry));
    this.loop.start();
  }

  async stop(): Promise<void> {
    this.stopWatch();
    await this.loop.stop();
  }

  private take({ key, value, storedAt }: KeyEntry): void {
    if (value === undefined) return void this.said.delete(key);
    try {
      const { sentAt } = decode(gatewayStatusSchema, value);
      const newestMs = sentAt - storedAt;
      const formerMs = this.said.get(key)?.newestMs ?? 0;
      const offsetMs = Math.abs(formerMs) < Math.abs(newestMs) ? formerMs : newestMs;
      this.said.set(key, { newestMs, offsetMs, storedAt });
      this.loop.wake();
    } catch (error) {
      this.logger.warn({ err: error, gateway: key }, 'not a gateway status, passed over');
    }
  }

  private look(): Promise<void> {
    const gone = this.clock.now() - GONE_MS;
    for (const [gateway, { storedAt }] of this.said) if (storedAt < gone) this.said.delete(gateway);
    const wrong = [...this.said].filter(([, { offsetMs }]) => Math.abs(offsetMs) > WRONG_MS).sort();
    this.metrics.gatewayClocks([...this.said].map(([gateway, { offsetMs }]) => ({ gateway, offsetMs })));
    const message = wrong.map(([gateway, { offsetMs }]) => clockIs(gateway, offsetMs)).join(' ');
    this.health.set('gateway clocks', wrong.length === 0, message);
    return Promise.resolve();
  }
}

function clockIs(gateway: string, offsetMs: number): string {
  const seconds = Math.round(Math.abs(offsetMs) / 1_000);
  return `The clock of gateway ${gateway} is ${seconds} s ${offsetMs > 0 ? 'ahead' : 'behind'}: set it.`;
}
