import type { CapAnswer, CapRequest } from '#libs/bus';
import {
  CapAccount,
  capLeft,
  capMoney,
  costAtMost,
  parseRatio,
  type CapMoney,
  type CapPrice,
  type CapStanding,
  type Id,
  type RequestSource,
} from '#libs/domain';
import type { HostPermits, PermitHost } from './host.permits.js';

/** A request that wants to be let in. */
export interface Wanted {
  stream: string;
  /** What it costs at most; undefined while a price is missing. */
  most: () => CapMoney | undefined;
  /** When it has certainly ended, by the monotonic clock. */
  untilMs: number;
  /** Whether nobody waits for it any more. */
  isGone: () => boolean;
}

/** A record of a request. */
export interface Noted extends RequestSource {
  stream: string;
  record: string;
  revisionId: string;
}

/** Why a request is not let in: there is not enough left, or nobody says how much there is. */
export interface Refused {
  reason: 'cap_reached' | 'unconfirmed';
  standing: CapStanding | undefined;
}

interface Waiting extends Wanted {
  answer: (refused: Refused | undefined) => void;
}

interface PurseParts {
  organizationId: Id<'org'>;
  /** Asks billing. */
  ask: (
    request: Pick<CapRequest, 'organizationId' | 'keep' | 'need' | 'slack' | 'records'>,
  ) => Promise<CapAnswer>;
  permits: HostPermits;
  /** Monotonic, ms. */
  now: () => number;
}

/** How long requests are refused without asking again, after it was found that nothing is left. */
const REST_MS = 200;
/** The same, after nobody answered. */
const SILENCE_REST_MS = 500;
/** How often it asks while it has something to settle or to give back. */
const SETTLE_MS = 500;
/** The same, while it only holds permits (what is left of the cap says whether it may) or was not answered. */
const LOOK_MS = 2_000;
/** How long an organization without a cap is believed to have none. */
const FREE_MS = 1_000;
/** As many requests as it likes to let in without asking. */
const SLACK_REQUESTS = 32n;
/** As many records as are asked about at a time. */
const MOST_RECORDS = 5_000;

/** What this gateway may spend for one organization with a cap: it asks for more when requests wait, and gives back. */
export class OrganizationPurse {
  private readonly account = new CapAccount();
  private readonly prices = new Map<string, CapPrice>();
  private waiting: Waiting[] = [];
  private isAsking = false;
  private askedAt = -Infinity;
  private restUntil = -Infinity;
  private freeUntil = -Infinity;
  /** The most that a request has cost that was let in since it was asked last. */
  private used = 0n;
  /** What billing has noted that it may spend; undefined while an answer was not heard. */
  private granted: CapMoney | undefined = 0n;
  /** What of the cap nobody may spend yet, when it was asked last. */
  private free = 0n;
  private last: Refused = { reason: 'unconfirmed', standing: undefined };

  constructor(private readonly parts: PurseParts) {}

  /** Whether it holds nothing. */
  get isIdle(): boolean {
    return this.account.isIdle && this.granted === 0n && this.waiting.length === 0 && !this.isAsking;
  }

  get permits(): HostPermits {
    return this.parts.permits;
  }

  priceOf(revisionId: string): CapPrice | undefined {
    return this.prices.get(revisionId);
  }

  /** Lets the request in (undefined), or says why not. */
  async check(wanted: Wanted): Promise<Refused | undefined> {
    if (this.parts.now() < this.freeUntil || this.letIn(wanted)) return undefined;
    if (this.parts.now() < this.restUntil) return this.last;
    return new Promise((answer) => {
      this.waiting.push({ ...wanted, answer });
      this.turn();
    });
  }

  /** Envoy asked about a request to the host, `over`: beyond the permit of that id. It need not next time if that is allowed. */
  asked(of: PermitHost, over: string | undefined): void {
    if (!this.parts.permits.asked(of, over)) return;
    this.permit();
    if (this.parts.permits.wish > 0n) this.turn();
  }

  /** A record of a request of a revision. `ended`: it lasted so long in all, and costs nothing if `isFree`. */
  noted(
    { stream, record, revisionId, ...source }: Noted,
    ended: { lengthMs: number; isFree: boolean } | undefined,
  ): void {
    if (!ended) {
      this.account.report(stream, record, source);
      return;
    }
    const price = this.prices.get(revisionId);
    const cost = ended.isFree ? 0n : price && costAtMost(price, ended.lengthMs);
    this.account.end(stream, cost, record, source);
  }

  /** Envoy has these hosts as they should be. */
  settled(isCurrent: (host: string) => boolean): void {
    this.parts.permits.settled(this.account, isCurrent);
  }

  /** Everything that Envoy noted up to then was read. */
  readTo(atMs: number): void {
    this.account.readTo(atMs);
  }

  /** Asks when there is something to settle, to give back or to permit. */
  tick(): void {
    const { account } = this;
    const { permits } = this.parts;
    permits.review(account, this.free);
    const isDue = account.isSettling || (this.granted ?? 0n) > account.claim || permits.wish > 0n;
    const looks = permits.isHolding || this.granted === undefined;
    const everyMs = isDue ? SETTLE_MS : looks ? LOOK_MS : Infinity;
    if (this.parts.now() - this.askedAt >= everyMs) this.turn();
  }

  /** Asks without a reason of its own, but for no more often than it settles. */
  introduce(): void {
    if (this.parts.now() - this.askedAt >= SETTLE_MS) this.turn();
  }

  private permit(): void {
    if (this.parts.now() >= this.freeUntil) this.parts.permits.give(this.account, this.free);
  }

  private letIn({ stream, most, untilMs }: Wanted): boolean {
    const cost = most();
    if (cost === undefined || !this.account.admit(stream, cost, untilMs)) return false;
    if (cost > this.used) this.used = cost;
    return true;
  }

  private turn(): void {
    if (this.isAsking) return;
    this.isAsking = true;
    void this.askNow().finally(() => {
      this.isAsking = false;
      if (this.waiting.length > 0) this.turn();
    });
  }

  private async askNow(): Promise<void> {
    const asking = this.waiting;
    this.waiting = [];
    this.askedAt = this.parts.now();
    const known = asking.map(({ most }) => most());
    let isSettled = false;
    try {
      isSettled = this.take(await this.parts.ask(this.wish(known)));
    } catch {
      this.granted = undefined;
      this.refuse(asking, 'unconfirmed', SILENCE_REST_MS);
      return;
    }
    const isFree = this.parts.now() < this.freeUntil;
    // first who waits, then who may not have to
    const left = asking.filter((one) => {
      const isIn = isFree || one.isGone() || this.letIn(one);
      if (isIn) one.answer(undefined);
      return !isIn;
    });
    // A price that was missing is known now, or what the bill says was still kept: there may be more.
    const again = left.filter(
      (one) => isSettled || (known[asking.indexOf(one)] === undefined && one.most() !== undefined),
    );
    this.waiting.unshift(...again);
    this.refuse(
      left.filter((one) => !again.includes(one)),
      'cap_reached',
      REST_MS,
    );
    if (left.length === 0) this.permit();
  }

  private wish(known: readonly (CapMoney | undefined)[]): Parameters<PurseParts['ask']>[0] {
    const need = known.reduce<CapMoney>((sum, cost) => sum + (cost ?? 0n), 0n);
    const most = known.reduce<CapMoney>(
      (one, cost) => (cost !== undefined && cost > one ? cost : one),
      this.used,
    );
    this.used = 0n;
    const some = most * SLACK_REQUESTS;
    const { wish } = this.parts.permits;
    return {
      organizationId: this.parts.organizationId,
      keep: String(this.account.giveBack()),
      need: String(need),
      slack: String(wish > some ? wish : some),
      records: byProducer(this.account.unsettled(MOST_RECORDS)),
    };
  }

  /** @returns whether the bill says anything now that was held until then */
  private take({ standing, allowance, prices, said }: CapAnswer): boolean {
    for (const { revisionId, block, request } of prices)
      this.prices.set(revisionId, { block: BigInt(block), request: BigInt(request) });
    // What was kept and the bill says by now is in both: first it is allowed, then taken off.
    this.granted = BigInt(allowance);
    this.account.allow(this.granted);
    const held = this.account.claim;
    this.account.settle(
      said.flatMap(({ producer, positions }) => positions.map((at) => `${producer} ${at}`)),
    );
    const isSettled = this.account.claim < held;
    this.freeUntil = standing ? -Infinity : this.parts.now() + FREE_MS;
    if (standing) {
      const { cap, spent, reserved } = standing;
      this.free = capLeft(cap, parseRatio(spent), capMoney(parseRatio(reserved)));
    } else {
      this.parts.permits.takeAll();
      this.account.forget();
    }
    this.last = { reason: 'cap_reached', standing };
    return isSettled;
  }

  private refuse(these: readonly Waiting[], reason: Refused['reason'], restMs: number): void {
    if (these.length === 0) return;
    this.last = { ...this.last, reason };
    this.restUntil = this.parts.now() + restMs;
    for (const { answer } of these) answer(this.last);
  }
}

/** Names like `spl_… 4096`, as an account holds them. */
function byProducer(names: readonly string[]): CapRequest['records'] {
  const groups = Map.groupBy(names, (name) => name.slice(0, name.indexOf(' ')));
  return [...groups].map(([producer, of]) => ({
    producer: producer as Id<'spl'>,
    positions: of.map((name) => Number(name.slice(producer.length + 1))),
  }));
}
