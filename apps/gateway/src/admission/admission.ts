import { CAP_ASK, capSubject, type Bus, type CapAnswer, type CapRequest } from '#libs/bus';
import {
  dearestOf,
  longestMs,
  whyNotBillable,
  worstCost,
  type CapMoney,
  type Id,
  type Route,
  type UsageRecord,
} from '#libs/domain';
import { Loop, type Logger } from '#libs/process';
import type { Permit } from '../envoy/permit.filter.js';
import { HostPermits } from './host.permits.js';
import { OrganizationPurse, type Refused } from './organization.purse.js';

/** A host of an organization with a cap. */
interface CappedHost {
  organizationId: Id<'org'>;
  revisions: Id<'rev'>[];
  /** Of the revision with the longest. */
  timeoutSeconds: number;
}

export interface AdmissionParts {
  gatewayId: Id<'gw'>;
  /** This process: another one at every start. */
  incarnation: string;
  /** The connection to the hub while it is there. */
  bus: () => Bus | undefined;
  /** What the route of a host says of its permit from now on; without `now` when it is applied next. */
  show: (host: string, permit: Permit | undefined, now?: 'now') => void;
  logger: Logger;
  /** Monotonic, ms; a wall clock that is set would free what is still spent. */
  now?: () => number;
}

const UNKNOWN: Refused = { reason: 'unconfirmed', standing: undefined };
const TICK_MS = 250;
/** What Envoy has, as far as it said so. */
export interface EnvoyHas {
  isCurrent(type: 'scope', host: string): boolean;
  surplus(type: 'scope'): string[];
}

/** As many organizations are asked about at a time of which a former process may hold something. */
const INTRODUCED_AT_A_TIME = 20;
/** The longest that any revision may have. */
const LONGEST_SECONDS = 3_600;
/** How long requests wait for billing's word. */
const ANSWER_MS = 1_000;
/** Envoy's log is this much behind at most when all of it was read. */
const LOG_LAG_MS = 5_000;

/** Says of each request to a host with a cap whether it is let in, by what billing allows this gateway to spend. */
export class Admission {
  private readonly hosts = new Map<string, CappedHost>();
  /** Hosts that had a cap: Envoy may ask about one a moment longer. */
  private readonly freed = new Set<string>();
  private readonly purses = new Map<string, OrganizationPurse>();
  /** Organizations of which billing knows that nothing of a former process is left here. */
  private readonly introduced = new Set<string>();
  private readonly loop: Loop;
  private readonly now: () => number;
  private asked = 0;
  private permits = 0;
  /** The newest record of which was noted: what comes again takes nothing from a permit. */
  private newest = { producer: '', position: -1 };
  private isEnvoyHere = false;
  /** Since when Envoy has nothing that a former process gave it. */
  private aloneSince: number | undefined;

  constructor(private readonly parts: AdmissionParts) {
    this.now = parts.now ?? ((): number => performance.now());
    this.loop = new Loop('admission', TICK_MS, () => this.tick(), parts.logger);
  }

  start(): void {
    this.loop.start();
  }

  stop(): Promise<void> {
    return this.loop.stop();
  }

  /** A route came; Envoy gets it afterwards. */
  apply({ host, deleted, capped, organizationId, backends }: Route): void {
    const former = this.hosts.get(host);
    if (former) this.purses.get(former.organizationId)?.permits.leave(host);
    this.hosts.delete(host);
    if (deleted || !capped) {
      if (former) this.freed.add(host);
      this.parts.show(host, undefined);
      return;
    }
    this.freed.delete(host);
    const revisions = backends.map(({ revisionId }) => revisionId);
    const timeoutSeconds = Math.max(0, ...backends.map((backend) => backend.timeoutSeconds));
    this.hosts.set(host, { organizationId, revisions, timeoutSeconds });
    // Named although there is none: that Envoy has this route is then not to be confused with any other.
    this.parts.show(host, { id: this.newPermit(), requests: 0 });
  }

  /** Undefined: the request is let in. `over`: the permit beyond which it is. */
  async check(
    host: string,
    stream: string,
    { over, isGone }: { over?: string; isGone: () => boolean },
  ): Promise<Refused | undefined> {
    const of = this.hosts.get(host);
    if (!of) return this.freed.has(host) ? undefined : UNKNOWN;
    const purse = this.purseOf(of.organizationId);
    const { timeoutSeconds } = of;
    const untilMs = this.now() + longestMs(timeoutSeconds) + ANSWER_MS;
    const most = (): CapMoney | undefined => mostOf(purse, of);
    const refused = await purse.check({ stream, most, untilMs, isGone });
    if (!refused) purse.asked({ host, most, timeoutSeconds }, over);
    return refused;
  }

  /** A record of usage was read; `wholeStartMs`: when its request began. `permit`: the one that its route had. */
  noted(record: UsageRecord, wholeStartMs: number, permit?: string): void {
    const isNew = this.isNew(record);
    const purse = this.purses.get(record.organizationId);
    if (!purse) return;
    const { streamId: stream, producer, position, revisionId = '', part, last, endMs, reached } = record;
    const isFree = part === 0 && whyNotBillable(record) !== undefined;
    const ended = last ? { lengthMs: endMs - wholeStartMs, isFree } : undefined;
    const source = {
      // What no instance saw may have been refused before it was counted.
      permit: isNew && reached ? permit : undefined,
      untilMs: this.now() + longestMs(LONGEST_SECONDS),
    };
    purse.noted({ stream, record: `${producer} ${position}`, revisionId, ...source }, ended);
  }

  /** Envoy connected: one that was started anew counts every permit from its beginning. */
  connected(): void {
    this.isEnvoyHere = true;
    for (const { permits } of this.purses.values()) permits.takeAll();
  }

  /** Envoy refused what these hosts should be. */
  refused(hosts: readonly string[]): void {
    for (const host of hosts) {
      const of = this.hosts.get(host);
      if (of) this.purses.get(of.organizationId)?.permits.take(host);
    }
  }

  /** Envoy said what it has. */
  settled(has: EnvoyHas): void {
    const isCurrent = (host: string): boolean => has.isCurrent('scope', host);
    for (const purse of this.purses.values()) purse.settled(isCurrent);
    if (!this.isEnvoyHere || this.aloneSince !== undefined) return;
    if (has.surplus('scope').length > 0 || ![...this.hosts.keys()].every(isCurrent)) return;
    this.aloneSince = this.now();
  }

  /** All of Envoy's log was read. */
  readAll(): void {
    for (const purse of this.purses.values()) purse.readTo(this.now() - LOG_LAG_MS);
  }

  private tick(): Promise<void> {
    const served = new Set([...this.hosts.values()].map(({ organizationId }) => organizationId));
    for (const [organizationId, purse] of this.purses) {
      if (purse.isIdle && !served.has(organizationId as Id<'org'>)) this.purses.delete(organizationId);
      else purse.tick();
    }
    this.introduce([...served]);
    return Promise.resolve();
  }

  /** What a former process held of an organization is free only once this one has said that it is alone. */
  private introduce(organizations: readonly Id<'org'>[]): void {
    if (this.aloneSince === undefined) return;
    const unknown = organizations.filter((id) => !this.introduced.has(id));
    for (const id of unknown.slice(0, INTRODUCED_AT_A_TIME)) this.purseOf(id).introduce();
  }

  private isNew({ producer, position }: UsageRecord): boolean {
    const { newest } = this;
    if (newest.producer === producer && position <= newest.position) return false;
    this.newest = { producer, position };
    return true;
  }

  private newPermit(): string {
    this.permits += 1;
    return `${this.parts.incarnation.slice(0, 8)}-${this.permits}`;
  }

  private purseOf(organizationId: Id<'org'>): OrganizationPurse {
    const known = this.purses.get(organizationId);
    if (known) return known;
    const { now } = this;
    const ask: ConstructorParameters<typeof OrganizationPurse>[0]['ask'] = (wish) => this.ask(wish);
    const show = (host: string, permit: Permit): void => this.parts.show(host, permit, 'now');
    const permits = new HostPermits({ newId: () => this.newPermit(), show, now });
    const purse = new OrganizationPurse({ organizationId, ask, permits, now });
    this.purses.set(organizationId, purse);
    return purse;
  }

  private async ask(
    wish: Pick<CapRequest, 'organizationId' | 'keep' | 'need' | 'slack' | 'records'>,
  ): Promise<CapAnswer> {
    const { bus: connection, gatewayId, incarnation } = this.parts;
    const bus = connection();
    if (!bus) throw new Error('the hub does not answer');
    this.asked += 1;
    const { aloneSince } = this;
    const request = {
      ...{ schemaVersion: 1 as const, gatewayId, incarnation, asked: this.asked, ...wish },
      ...(aloneSince === undefined ? {} : { aloneMs: Math.floor(this.now() - aloneSince) }),
      revisions: this.unpriced(wish.organizationId),
    };
    try {
      const answer = await bus.ask(capSubject(gatewayId), CAP_ASK, request, ANSWER_MS);
      if (aloneSince !== undefined) this.introduced.add(wish.organizationId);
      return answer;
    } catch (error) {
      this.parts.logger.warn({ err: error }, 'billing does not say what may be spent');
      throw error;
    }
  }

  private unpriced(organizationId: string): Id<'rev'>[] {
    const own = [...this.hosts.values()].filter((host) => host.organizationId === organizationId);
    return [...new Set(own.flatMap(({ revisions }) => revisions))];
  }
}

/** What a request to the host costs at most, whichever of its revisions is chosen; undefined while a price is missing. */
function mostOf(purse: OrganizationPurse, { revisions, timeoutSeconds }: CappedHost): CapMoney | undefined {
  const prices = revisions.map((id) => purse.priceOf(id));
  const known = prices.filter((price) => price !== undefined);
  return known.length < prices.length ? undefined : worstCost(dearestOf(known), timeoutSeconds);
}
