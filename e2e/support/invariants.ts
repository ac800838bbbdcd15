import { Caller } from './caller.js';
import { COUNT, Deploys, operationsOf } from './deploys.js';
import type { List, OperationJson } from './faces.js';
import { Faults } from './faults.js';
import { HubInside, type Marks } from './hub.inside.js';
import { Tenant, platform, sum } from './tenant.js';
import { Traffic, type FailedRequest } from './traffic.js';
import { until } from './until.js';

const SETTLE_MS = 120_000;
const RESYNCS = 3;
/** A gateway that stood still may be behind for a moment. */
const SERVED_MS = 15_000;
/** The private one of the services that traffic goes to. */
export const GUARDED = 'guarded';

interface RecordJson {
  streamId: string;
  part: number;
  billable: boolean;
}

/** Continuous deploys and traffic, the faults, and what must be true afterwards. */
export class Storm {
  readonly faults = new Faults(platform());
  /** From the first death of an agent to when all its services serve again; UTC ms. */
  private readonly gaps: { from: number; to: number }[] = [];

  private constructor(
    readonly tenant: Tenant,
    private readonly ways: readonly Tenant[],
    private readonly services: readonly string[],
    readonly traffic: Traffic,
    readonly deploys: Deploys,
    /** What is not written any more either, when all is as it is wanted. */
    private readonly beside?: Marks,
  ) {}

  static async begin(
    name: string,
    { steady = ['steady'], moving = ['moving-a', 'moving-b', 'moving-c'], replicas = 1 } = {},
    beside?: Marks,
  ): Promise<Storm> {
    const tenant = await Tenant.create(name);
    const ways = replicas === 1 ? [tenant] : [tenant, tenant.bySecond];
    const services = [...steady, ...moving, GUARDED];
    for (const service of services) {
      const access = service === GUARDED ? 'private' : 'public';
      await tenant.mustDeploy(service, {
        service: { minInstances: 1, access },
        template: { concurrency: 20 },
      });
    }
    const caller = await Caller.of(tenant, GUARDED);
    const headersOf = (service: string): Record<string, string> =>
      service === GUARDED ? caller.headers : {};
    const traffic = new Traffic(ways, services, headersOf);
    return new Storm(tenant, ways, services, traffic, new Deploys(ways, moving), beside);
  }

  /** Requests that failed although the agent was there. */
  get failed(): FailedRequest[] {
    return this.traffic.failed.filter(({ at }) => !this.gaps.some(({ from, to }) => from <= at && at <= to));
  }

  /** Runs faults of the agent: its instances end with it, and requests may fail until they serve again. */
  async withoutAgent(what: string, work: () => Promise<void>): Promise<void> {
    const gap = { from: Date.now(), to: Infinity };
    this.gaps.push(gap);
    const before = this.traffic.failed.length;
    await work();
    const back = Date.now();
    const serves = (service: string): boolean => (this.traffic.servedAt.get(service) ?? 0) > back;
    await until('all services to serve again', SETTLE_MS, () => Promise.resolve(this.services.every(serves)));
    gap.to = Date.now();
    const failed = this.traffic.failed.slice(before);
    const lasted = Math.max(0, ...failed.map(({ at }) => at - gap.from));
    console.log(`${what}: ${failed.length} requests failed, the last ${lasted} ms after the first death`);
  }

  /** Runs a story's faults; when anything fails, what was done is part of the message, and the next story has no storm beside it. */
  async through(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      void Promise.allSettled([this.deploys.stop(), this.traffic.stop()]);
      const list = this.faults.done.join('\n  ');
      throw new Error(`${(error as Error).message}\nfaults:\n  ${list}`, { cause: error });
    }
  }

  /** Ends deploys and traffic, waits until nothing is under way, and checks everything that must hold. */
  async settle(): Promise<{ requests: number; operations: OperationJson[] }> {
    await this.faults.allWell();
    await this.deploys.stop();
    await this.traffic.stop();
    await this.checkServed();
    const operations = await this.checkOperations();
    await this.checkRecords();
    await this.checkRest();
    return { requests: this.traffic.total, operations };
  }

  /** Every gateway serves what the last deploy asked for. */
  private async checkServed(): Promise<void> {
    for (const [service, value] of this.deploys.served)
      for (const way of this.ways)
        await until(`${service} to serve ${value}`, SERVED_MS, async () => {
          this.traffic.count(service);
          const answer = await way.call(service, `/env?name=${COUNT}`);
          if (answer.json().value !== value) throw new Error(answer.text.slice(0, 200));
          return true;
        });
  }

  /** Every deploy ends, and one that failed says why and what to do. */
  private async checkOperations(): Promise<OperationJson[]> {
    const operations = await until('every operation to end', SETTLE_MS, async () => {
      const found = await operationsOf(this.tenant);
      return found.every(({ status }) => status === 'succeeded' || status === 'failed') && found;
    });
    const known = new Set(operations.map(({ id }) => id));
    expect(this.deploys.accepted.filter((id) => !known.has(id))).toEqual([]);
    for (const { error } of operations.filter(({ status }) => status === 'failed')) {
      const told = [error?.message, error?.nextStep].map((text) => typeof text);
      expect([...told, error?.code === 'INTERNAL']).toEqual(['string', 'string', false]);
    }
    return operations;
  }

  /** As many records as requests, each once; and as much on the bill as the records say. */
  private async checkRecords(): Promise<void> {
    for (const service of this.services) {
      const sent = this.traffic.sent.get(service) ?? 0;
      const records = await until(`${sent} records of ${service}`, SETTLE_MS, async () => {
        const found = await this.records(service);
        if (begun(found).length < sent) throw new Error(`${begun(found).length} records`);
        return found;
      });
      expect([service, begun(records).length]).toEqual([service, sent]);
      expect(new Set(records.map(({ streamId, part }) => `${streamId} ${part}`)).size).toBe(records.length);
      const billable = BigInt(begun(records).filter((record) => record.billable).length);
      await until(`${billable} requests of ${service} on the bill`, SETTLE_MS, async () => {
        const counted = sum(await this.tenant.usage(service), 'requests');
        if (counted > billable) throw new Error(`${counted} requests`);
        return counted === billable;
      });
    }
  }

  /** Requests, and their records when no more come; each is there once. */
  async recordsOnce(): Promise<{ sent: number; recorded: number }> {
    const lists = await Promise.all(this.services.map((service) => this.records(service)));
    const records = lists.flat();
    expect(new Set(records.map(({ streamId, part }) => `${streamId} ${part}`)).size).toBe(records.length);
    return { sent: this.traffic.total, recorded: records.length };
  }

  private async records(service: string): Promise<RecordJson[]> {
    const found: RecordJson[] = [];
    let cursor: string | undefined;
    do {
      const after = cursor === undefined ? '' : `&cursor=${encodeURIComponent(cursor)}`;
      const page = await this.tenant.api.ok<List<RecordJson>>(
        'GET',
        this.tenant.at(service, `/usage-records?limit=100${after}`),
      );
      found.push(...page.items);
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    return found;
  }

  /** Desired is observed, and stays: three times everything is looked at, and nothing is written. */
  private async checkRest(): Promise<void> {
    for (const service of this.services) {
      const { status } = await this.tenant.service(service);
      const ready = status.conditions.find(({ type }) => type === 'Ready');
      expect([service, ready?.status]).toEqual([service, 'true']);
      await this.checkEnded(service);
    }
    const inside = await HubInside.open(platform(), this.faults);
    try {
      const before = await inside.rest(this.beside);
      for (let count = 0; count < RESYNCS; count += 1) await inside.resync();
      expect(await inside.rest(this.beside)).toEqual(before);
    } finally {
      await inside.close();
    }
  }

  /** What served before runs no instance any more: a cluster takes its time, and each that ends is written. */
  private async checkEnded(service: string): Promise<void> {
    await until(`former revisions of ${service} to end`, SETTLE_MS, async () => {
      const { latestReadyRevision } = await this.tenant.service(service);
      const former = (await this.tenant.revisions(service)).filter(
        ({ name }) => name !== latestReadyRevision,
      );
      return former.every(({ status }) => status.instances === 0);
    });
  }
}

/** One for each request: the others are of what took longer than a report. */
const begun = (records: RecordJson[]): RecordJson[] => records.filter(({ part }) => part === 0);
