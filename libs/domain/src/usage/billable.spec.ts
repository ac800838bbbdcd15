import { whyNotBillable } from './billable.js';

describe('what costs nothing', () => {
  it.each([
    // the instance worked
    [true, 200, '-', undefined],
    [true, 500, '-', undefined],
    [true, 503, '-', undefined],
    [true, 404, '-', undefined],
    [true, 101, 'DC', undefined],
    [true, 0, 'DC', undefined],
    [true, 504, 'UT', undefined],
    // Knative's, which says the same of an instance that was too slow and of none
    [true, 504, '-', undefined],
    [true, 408, 'SI', undefined],
    [true, 200, 'UC', undefined],
    [true, 200, 'UR', undefined],
    [true, 502, 'UPE', undefined],
    // our fault, although an instance was reached
    [true, 503, 'UC', 'platform_fault'],
    [true, 503, 'UF', 'platform_fault'],
    [true, 503, 'URX,UF', 'platform_fault'],
    [true, 503, 'UH', 'platform_fault'],
    [true, 200, 'OM', 'platform_fault'],
    [true, 503, 'UO', 'platform_fault'],
    // the gateway's own answers
    [false, 404, 'NR', 'no_such_host'],
    [false, 404, '-', 'no_such_host'],
    [false, 402, '-', 'spend_cap'],
    [false, 403, 'UAEX', 'refused'],
    [false, 429, 'RL', 'rate_limited'],
    [false, 503, 'UF', 'no_instance'],
    [false, 503, '-', 'no_instance'],
    [false, 504, 'UT', 'no_instance_in_time'],
    [false, 0, 'DC', 'client_left_before_instance'],
    [false, 200, '-', 'not_reached'],
    [false, 502, '-', 'not_reached'],
  ] as const)('reached %s, status %i, flags %s: %s', (reached, status, flags, reason) => {
    expect(whyNotBillable({ reached, status, flags })).toBe(reason);
  });
});
