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
  logger: Logger;
  /** Monotonic, ms; a wall clock that is set would free what is still spent. */
  now?: () => number;
}

const UNKNOWN: Refused = { reason: 'unconfirmed', standing: undefined };
const TICK_MS = 250;
/** How long requests wait for billing's word. */
const ANSWER_MS = 2_000;
/** Envoy's log is this much behind at most when all of it was read. */
const LOG_LAG_MS = 5_000;

/** Says of each request to a host with a cap whether it is let in, by what billing allows this gateway to spend. */
export class Admission {
  private readonly hosts = new Map<string, CappedHost>();
  /** Hosts that had a cap: Envoy may ask about one a moment longer. */
  private readonly freed = new Set<string>();
  private readonly purses = new Map<string, OrganizationPurse>();
  private readonly loop: Loop;
  private readonly now: () => number;
  private asked = 0;

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

  /** A route came. */
  apply({ host, deleted, capped, organizationId, backends }: Route): void {
    const had = this.hosts.delete(host);
    if (deleted || !capped) {
      if (had) this.freed.add(host);
      return;
    }
    this.freed.delete(host);
    const revisions = backends.map(({ revisionId }) => revisionId);
    const timeoutSeconds = Math.max(0, ...backends.map((backend) => backend.timeoutSeconds));
    this.hosts.set(host, { organizationId, revisions, timeoutSeconds });
  }

  /** Undefined: the request is let in. */
  async check(host: string, stream: string, isGone: () => boolean): Promise<Refused | undefined> {
    const of = this.hosts.get(host);
    if (!of) return this.freed.has(host) ? undefined : UNKNOWN;
    const purse = this.purseOf(of.organizationId);
    const untilMs = this.now() + longestMs(of.timeoutSeconds) + ANSWER_MS;
    return purse.check({ stream, most: () => mostOf(purse, of), untilMs, isGone });
  }

  /** A record of usage was read; `wholeStartMs`: when its request began. */
  noted(record: UsageRecord, wholeStartMs: number): void {
    const purse = this.purses.get(record.organizationId);
    if (!purse) return;
    const { streamId: stream, producer, position, revisionId = '', part, last, endMs } = record;
    const isFree = part === 0 && whyNotBillable(record) !== undefined;
    const ended = last ? { lengthMs: endMs - wholeStartMs, isFree } : undefined;
    purse.noted({ stream, record: `${producer} ${position}`, revisionId }, ended);
  }

  /** All of Envoy's log was read. */
  readAll(): void {
    for (const purse of this.purses.values()) purse.readTo(this.now() - LOG_LAG_MS);
  }

  private tick(): Promise<void> {
    const served = new Set([...this.hosts.values()].map(({ organizationId }) => organizationId as string));
    for (const [organizationId, purse] of this.purses) {
      if (purse.isIdle && !served.has(organizationId)) this.purses.delete(organizationId);
      else purse.tick();
    }
    return Promise.resolve();
  }

  private purseOf(organizationId: Id<'org'>): OrganizationPurse {
    const known = this.purses.get(organizationId);
    if (known) return known;
    const ask: ConstructorParameters<typeof OrganizationPurse>[0]['ask'] = (wish) => this.ask(wish);
    const purse = new OrganizationPurse({ organizationId, ask, now: this.now });
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
    const request = { schemaVersion: 1 as const, gatewayId, incarnation, asked: this.asked, ...wish };
    const revisions = this.unpriced(wish.organizationId);
    const answer = bus.ask(capSubject(gatewayId), CAP_ASK, { ...request, revisions });
    return Promise.race([answer, late(ANSWER_MS)]).catch((error: unknown) => {
      this.parts.logger.warn({ err: error }, 'billing does not say what may be spent');
      throw error;
    });
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

function late(ms: number): Promise<never> {
  return new Promise((_resolve, reject) => {
    setTimeout(() => reject(new Error('billing did not answer in time')), ms).unref();
  });
}
