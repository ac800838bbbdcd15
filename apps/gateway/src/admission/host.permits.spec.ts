import { CapAccount } from '#libs/domain';
import { HostPermits, type PermitHost } from './host.permits.js';

const EACH = 10n;

/** Permits of one organization, and what Envoy was shown. */
class Rig {
  now = 0;
  each: bigint | undefined = EACH;
  /** What of the cap nobody may spend. */
  free = 1_000_000n;
  timeoutSeconds = 1;
  private readonly current = new Set<string>();
  readonly shown: string[] = [];
  readonly account = new CapAccount();
  private ids = 0;
  private streams = 0;
  readonly permits = new HostPermits({
    newId: () => `l${(this.ids += 1)}`,
    show: (host, { id, requests }) => {
      this.current.delete(host);
      this.shown.push(`${host} ${id} ${requests}`);
    },
    now: () => this.now,
  });

  constructor() {
    this.account.allow(1_000_000n);
  }

  of(host: string): PermitHost {
    return { host, most: () => this.each, timeoutSeconds: this.timeoutSeconds };
  }

  asked(host: string, over?: string): void {
    this.permits.asked(this.of(host), over);
    this.permits.give(this.account, this.free);
  }

  review(ms = 0): void {
    this.now += ms;
    this.permits.review(this.account, this.free);
  }

  /** Requests under the permit that nobody asked about are noted, and it is looked at after so long. */
  used(permit: string, requests: number, ms: number, allowed = 1_000_000n): void {
    for (let n = 0; n < requests; n += 1) {
      this.streams += 1;
      this.account.end(`s${this.streams}`, 1n, `spl ${this.streams}`, { permit });
    }
    this.account.allow(this.account.claim + allowed);
    this.review(ms);
    this.permits.give(this.account, this.free);
  }

  /** Envoy has what it was shown of the host. */
  acknowledge(host: string): void {
    this.current.add(host);
    this.permits.settled(this.account, (one) => this.current.has(one));
  }

  get seen(): string[] {
    return this.shown.splice(0);
  }
}

it('gives a permit to a host that was asked about, and a larger one when that is soon over', () => {
  const rig = new Rig();
  rig.asked('a');
  rig.asked('a');
  expect([rig.seen, rig.account.permitted]).toEqual([['a l1 64'], 640n]);
  rig.now = 4_000;
  rig.asked('a', 'other');
  rig.asked('a', 'l1');
  rig.asked('a', 'l1');
  expect(rig.seen).toEqual(['a l2 256']);
  rig.now = 60_000;
  rig.asked('a', 'l2');
  expect(rig.seen).toEqual(['a l3 256']);
});

it('gives one of requests that cost nothing though nothing is allowed, and takes it back once they cost something', () => {
  const rig = new Rig();
  rig.each = 0n;
  rig.free = 0n;
  rig.account.allow(0n);
  rig.asked('a');
  expect([rig.seen, rig.account.permitted]).toEqual([['a l1 64'], 0n]);
  rig.used('l1', 32, 250, 0n);
  expect(rig.seen).toEqual(['a l2 256']);
  rig.each = EACH;
  rig.review();
  expect(rig.seen).toEqual(['a l3 0']);
});

it('gives none while a price is missing, while too little is allowed, and when the cap is near', () => {
  const rig = new Rig();
  rig.each = undefined;
  rig.asked('a');
  rig.each = EACH;
  rig.account.allow(EACH * 15n);
  rig.asked('a');
  rig.account.allow(EACH * 100n);
  rig.free = EACH * 27n;
  rig.asked('a');
  expect([rig.seen, rig.permits.wish]).toEqual([[], 64n * EACH]);
  rig.free = EACH * 28n;
  rig.asked('a');
  expect(rig.seen).toEqual(['a l1 16']);
});

it.each<[string, (rig: Rig) => void]>([
  [
    'is not used',
    (rig) => {
      rig.account.readTo(rig.now + 60_000);
      rig.review(60_000);
    },
  ],
  [
    'is over and has no successor',
    (rig) => {
      rig.account.giveBack();
      rig.asked('a', 'l1');
      rig.review(1_000);
    },
  ],
  [
    'is too much of what is left',
    (rig) => {
      rig.account.giveBack();
      rig.free = 0n;
      rig.review();
    },
  ],
  [
    'is too cheap',
    (rig) => {
      rig.each = EACH + 1n;
      rig.review();
    },
  ],
  ['may be counted anew by another Envoy', (rig) => rig.permits.takeAll()],
])('takes back one that %s, and holds it until Envoy said so and all has ended', (_what, happen) => {
  const rig = new Rig();
  rig.asked('a');
  rig.acknowledge('a');
  rig.review();
  expect(rig.seen).toEqual(['a l1 64']);
  happen(rig);
  expect(rig.seen).toEqual(['a l2 0']);
  rig.account.readTo(1_000_000);
  expect([rig.account.permitted, rig.permits.isHolding]).toEqual([640n, true]);
  rig.acknowledge('a');
  rig.account.readTo(rig.now + 3_000);
  expect([rig.account.permitted, rig.permits.isHolding]).toEqual([640n, false]);
  rig.account.readTo(rig.now + 3_001);
  expect(rig.account.permitted).toBe(0n);
});

it('keeps one that is used', () => {
  const rig = new Rig();
  rig.asked('a');
  for (let turn = 0; turn < 3; turn += 1) {
    rig.review(40_000);
    rig.account.end(`s${turn}`, 1n, `spl ${turn}`, { permit: 'l1' });
  }
  expect(rig.seen).toEqual(['a l1 64']);
});

it('follows one that is half used by the next before Envoy has to ask, a larger one when that was soon', () => {
  const rig = new Rig();
  rig.asked('a');
  rig.used('l1', 31, 250);
  expect(rig.seen).toEqual(['a l1 64']);
  rig.used('l1', 1, 250);
  expect(rig.seen).toEqual(['a l2 256']);
  rig.used('l2', 128, 6_000);
  expect(rig.seen).toEqual(['a l3 256']);
});

it('follows none while long requests would hold what is left of many of them, and that is much of what is free', () => {
  const rig = new Rig();
  rig.timeoutSeconds = 300;
  rig.asked('a');
  rig.used('l1', 32, 250);
  expect(rig.seen).toEqual(['a l1 64']);
  rig.asked('a', 'l1');
  expect(rig.seen).toEqual(['a l2 256']);
  rig.free = 1_000_000_000n;
  rig.used('l2', 128, 250);
  expect(rig.seen).toEqual(['a l3 1024']);
});

it('does not follow one by another that would be less than what is left of it', () => {
  const rig = new Rig();
  rig.asked('a');
  rig.used('l1', 39, 250, 25n * EACH);
  expect(rig.seen).toEqual(['a l1 64']);
  rig.asked('a', 'l1');
  expect(rig.seen).toEqual(['a l2 25']);
});

it('holds the permit of a former route until Envoy has the next one', () => {
  const rig = new Rig();
  rig.asked('a');
  rig.permits.leave('a');
  rig.permits.settled(rig.account, () => false);
  rig.account.readTo(1_000_000);
  expect(rig.account.permitted).toBe(640n);
  rig.asked('a');
  expect(rig.seen).toEqual(['a l1 64', 'a l2 64']);
  rig.permits.settled(rig.account, () => true);
  rig.account.readTo(1_000_000);
  expect(rig.account.permitted).toBe(640n);
});
