import fc from 'fast-check';
import { FairLine } from './fair-line.js';

/** Starts whatever may start, in turn. */
function drain(line: FairLine<string>, most = Infinity): string[] {
  const started: string[] = [];
  while (started.length < most) {
    const next = line.next();
    if (!next) break;
    started.push(next.item);
  }
  return started;
}

describe('a line of tenants', () => {
  it('lets tenants take turns, whatever one of them brings', () => {
    const line = new FairLine<string>({ width: 10, each: 10 });
    for (const item of ['a1', 'a2', 'a3', 'a4', 'b1', 'c1', 'b2']) line.join(item.charAt(0), item);
    expect(drain(line)).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'a3', 'a4']);
  });

  it('lets a newcomer wait for one turn of each who waits, however much they brought', () => {
    const line = new FairLine<string>({ width: 1, each: 1 });
    for (const item of ['a1', 'a2', 'a3']) line.join('a', item);
    expect(drain(line)).toEqual(['a1']);
    line.join('b', 'b1');
    line.done('a');
    expect(drain(line)).toEqual(['a2']);
    line.done('a');
    expect(drain(line)).toEqual(['b1']);
  });

  it('holds a tenant to its share while others are idle, and all to the width', () => {
    const line = new FairLine<string>({ width: 3, each: 2 });
    for (const item of ['a1', 'a2', 'a3', 'b1', 'b2']) line.join(item.charAt(0), item);
    expect(drain(line)).toEqual(['a1', 'b1', 'a2']);
    line.done('a');
    expect(drain(line)).toEqual(['b2']);
    line.done('b');
    expect(drain(line)).toEqual(['a3']);
  });

  it('takes no more from a tenant than may wait', () => {
    const line = new FairLine<string>({ width: 1, each: 1, waiting: 2 });
    expect(['a1', 'a2', 'a3'].map((item) => line.join('a', item))).toEqual([true, true, false]);
    expect(line.join('b', 'b1')).toBe(true);
    expect(line.join('a', 'a1')).toBe(true);
    expect(line.waiting).toBe(3);
    expect(line.quit('a', 'a1')).toBe(true);
    expect(line.quit('a', 'a1')).toBe(false);
    expect(line.join('a', 'a3')).toBe(true);
  });

  it('passes over what may not start now', () => {
    const line = new FairLine<string>({ width: 5, each: 5 });
    for (const item of ['a1', 'a2', 'b1']) line.join(item.charAt(0), item);
    expect(line.next((item) => !item.startsWith('a1'))).toEqual({ tenant: 'a', item: 'a2' });
    expect(drain(line)).toEqual(['b1', 'a1']);
  });

  it('never starves anybody: between two turns of a tenant that waits, each other starts at most once', () => {
    const tenants = fc.constantFrom('a', 'b', 'c', 'd');
    fc.assert(
      fc.property(
        fc.array(tenants, { minLength: 1, maxLength: 60 }),
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 3 }),
        (arrivals, width, each) => {
          const line = new FairLine<string>({ width, each });
          const waiting = new Map<string, number>();
          arrivals.forEach((tenant, index) => {
            line.join(tenant, `${tenant}${index}`);
            waiting.set(tenant, (waiting.get(tenant) ?? 0) + 1);
          });
          const working: string[] = [];
          const order: string[] = [];
          for (;;) {
            for (let next = line.next(); next; next = line.next()) {
              working.push(next.tenant);
              order.push(next.tenant);
            }
            expect(working.length).toBeLessThanOrEqual(width);
            for (const tenant of waiting.keys())
              expect(working.filter((one) => one === tenant).length).toBeLessThanOrEqual(each);
            const ended = working.shift();
            if (ended === undefined) break;
            line.done(ended);
          }
          expect(order.toSorted()).toEqual(arrivals.toSorted());
          expect(line.waiting).toBe(0);
          if (each >= width) expectTurns(order, waiting);
        },
      ),
    );
  });
});

/** Where nobody is held back by its share, turns are strict. */
function expectTurns(order: readonly string[], brought: ReadonlyMap<string, number>): void {
  const served = new Map<string, number>();
  for (const tenant of order) {
    const mine = (served.get(tenant) ?? 0) + 1;
    served.set(tenant, mine);
    for (const [other, count] of brought) {
      if (other !== tenant)
        expect((served.get(other) ?? 0) + 1).toBeGreaterThanOrEqual(Math.min(mine, count));
    }
  }
}
