import fc from 'fast-check';
import { LogBudget } from './log-budget.js';

const taken = (budget: LogBudget, organization: string, times: readonly number[]): number =>
  times.filter((now) => budget.take(organization, now)).length;

describe('the budget of log lines', () => {
  it('takes ten seconds at once and then the rate, of each organization by itself', () => {
    const budget = new LogBudget(100);
    const atOnce = Array.from({ length: 5_000 }, () => 1_000_000);
    expect(taken(budget, 'noisy', atOnce)).toBe(1_000);
    expect(taken(budget, 'quiet', atOnce.slice(0, 50))).toBe(50);
    const second = Array.from({ length: 1_000 }, (_one, index) => 1_000_001 + index);
    expect(taken(budget, 'noisy', second)).toBe(100);
  });

  it('never takes more than the burst and the rate, whatever comes when', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 50 }),
        fc.array(fc.integer({ min: 0, max: 200 }), { minLength: 1, maxLength: 400 }),
        (rate, gaps) => {
          let now = 1_000_000;
          const times = gaps.map((gap) => (now += gap));
          const span = (times.at(-1) ?? 0) - (times[0] ?? 0);
          const most = rate * 10 + (rate * span) / 1_000 + 1;
          expect(taken(new LogBudget(rate), 'one', times)).toBeLessThanOrEqual(most);
        },
      ),
    );
  });

  it('says what was dropped', () => {
    expect(new LogBudget(100).note(1)).toBe(
      '1 line was dropped here: an organization may write 100 lines a second.',
    );
  });
});
