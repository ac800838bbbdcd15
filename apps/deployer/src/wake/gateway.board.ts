import {
  GATEWAYS_BUCKET,
  decode,
  gatewayStatusSchema,
  type Bus,
  type GatewayStatus,
  type KeyEntry,
} from '#libs/bus';
import { same } from '#libs/domain';
import type { Logger } from '#libs/process';
import { recordGateway, type Database } from '#libs/store';

/** What every gateway said last, and a call whenever one has acknowledged more, refuses others or is new. */
export class GatewayBoard {
  private readonly last = new Map<string, GatewayStatus>();
  private stopWatch: () => void = () => undefined;

  constructor(
    private readonly bus: Bus,
    private readonly db: Database,
    private readonly onAdvance: () => void,
    private readonly logger: Logger,
  ) {}

  readonly statuses = (): GatewayStatus[] => [...this.last.values()];

  async start(): Promise<void> {
    this.stopWatch = await this.bus.watchKeys(GATEWAYS_BUCKET, '>', (entry) => this.take(entry));
  }

  stop(): void {
    this.stopWatch();
  }

  private take({ key, value, storedAt }: KeyEntry): void {
    if (value === undefined) {
      this.last.delete(key);
      return this.onAdvance();
    }
    try {
      const status = { ...decode(gatewayStatusSchema, value), sentAt: storedAt };
      const before = this.last.get(key);
      this.last.set(key, status);
      void this.record(status);
      const said = [status.mark, status.acknowledged, status.rejected ?? []];
      if (!same([before?.mark, before?.acknowledged, before?.rejected ?? []], said)) this.onAdvance();
    } catch (error) {
      this.logger.warn({ err: error, gateway: key }, 'not a gateway status, passed over');
    }
  }

  private async record({ gatewayId, sentAt }: GatewayStatus): Promise<void> {
    try {
      await this.db.asSystem((tx) => recordGateway(tx, gatewayId, sentAt));
    } catch (error) {
      this.logger.warn({ err: error, gateway: gatewayId }, 'could not note that a gateway was heard of');
    }
  }
}
