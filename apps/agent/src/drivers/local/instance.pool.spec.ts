import fc from 'fast-check';
import { SteppedClock } from '#libs/testing';
import { InstancePool, type Waiter } from './instance.pool.js';
import { Place } from './place.js';
import type { Refusal } from './refusal.js';

class Request implements Waiter {
  deadline = 0;
  place: Place | undefined;
  refusal: Refusal | undefined;
  constructor(readonly name = '') {}
  granted(place: Place): void {
    this.place = place;
  }
  refused(refusal: Refusal): void {
    this.refusal = refusal;
  }
}

const place = (concurrency = 1) => new Place('one', 1, concurrency);

describe('InstancePool', () => {
  let clock: SteppedClock;
  const make = (concurrency = 1, queueLimit = 3) =>
    new InstancePool({ concurrency, queueLimit, queueTimeoutMs: 1000 }, clock);
  beforeEach(() => (clock = new SteppedClock()));

  it('takes the least loaded place', () => {
    const pool = make(2);
    const [a, b] = [place(2), place(2)];
    pool.add(a);
    pool.add(b);
    expect([pool.take(), pool.take(), pool.take(), pool.take(), pool.take()]).toEqual([
      a,
      b,
      a,
      b,
      undefined,
    ]);
  });

  it('grants in order of arrival, and a newcomer does not jump the queue', () => {
    const pool = make();
    const [first, second] = [new Request(), new Request()];
    pool.wait(first);
    pool.wait(second);
    const one = place();
    pool.add(one);
    expect([first.place, second.place]).toEqual([one, undefined]);
    pool.release(one);
    expect(second.place).toBe(one);
    expect(pool.take()).toBeUndefined();
  });

  it('frees the place of a waiting client that went away', () => {
    const pool = make(1, 1);
    const gone = new Request();
    pool.wait(gone);
    expect(pool.wait(new Request())?.reason).toBe('QueueFull');
    pool.leave(gone);
    expect(pool.wait(new Request())).toBeUndefined();
    expect(pool.demand).toBe(1);
  });

  it('refuses what waited too long, and only that', () => {
    const pool = make();
    const [old, young] = [new Request(), new Request()];
    pool.wait(old);
    clock.step(600);
    pool.wait(young);
    clock.step(400);
    pool.expire();
    expect([old.refusal?.reason, young.refusal]).toEqual(['QueueTimeout', undefined]);
    pool.leave(young);
  });

  it('tells a withdrawn place when it is idle, and gives it nothing new', () => {
    const pool = make();
    const one = place();
    pool.add(one);
    pool.take();
    const waiting = new Request();
    pool.wait(waiting);
    let idle = false;
    one.onIdle = () => (idle = true);
    pool.withdraw(one);
    pool.release(one);
    expect([idle, waiting.place]).toEqual([true, undefined]);
    pool.leave(waiting);
  });

  it('measures mean demand by time, waiting included', () => {
    const pool = make();
    const one = place();
    pool.add(one);
    pool.take();
    clock.step(500);
    const waiting = new Request();
    pool.wait(waiting);
    clock.step(500);
    expect(pool.takeSample()).toBe(1.5);
    pool.leave(waiting);
    pool.release(one);
    clock.step(1000);
    expect(pool.takeSample()).toBe(0);
    pool.take();
    pool.release(one);
    clock.step(1000);
    expect(pool.takeSample()).toBe(0.01);
  });

  it('never exceeds concurrency and answers everything, whatever happens in which order', () => {
    const steps = fc.array(fc.constantFrom('arrive', 'release', 'add', 'withdraw', 'leave'), {
      maxLength: 80,
    });
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 3 }), (actions, concurrency) => {
        const pool = make(concurrency, 10);
        const [places, requests]: [Place[], Request[]] = [[], []];
        const running: Place[] = [];
        const act: Record<string, () => void> = {
          arrive: () => {
            const taken = pool.take();
            if (taken) return void running.push(taken);
            const request = new Request();
            if (pool.wait(request) === undefined) requests.push(request);
          },
          release: () => {
            const one = running.pop();
            if (one) pool.release(one);
          },
          add: () => {
            const one = place(concurrency);
            places.push(one);
            pool.add(one);
          },
          withdraw: () => places[0] && pool.withdraw(places[0]),
          leave: () => {
            const one = requests.find((r) => r.place === undefined);
            if (one) pool.leave(one);
            if (one) requests.splice(requests.indexOf(one), 1);
          },
        };
        for (const action of actions) {
          act[action]?.();
          for (const request of requests.filter((r) => r.place !== undefined)) {
            running.push(request.place as Place);
            requests.splice(requests.indexOf(request), 1);
          }
          expect(Math.max(0, ...places.map((one) => one.active))).toBeLessThanOrEqual(concurrency);
          expect(places.reduce((sum, one) => sum + one.active, 0)).toBe(running.length);
          expect(pool.waitingCount).toBe(requests.length);
          expect(pool.demand).toBe(running.length + requests.length);
        }
        for (const request of requests) pool.leave(request);
      }),
    );
  });
});
