import { isServing, mayBecome, mayReopen, type OrganizationStatus } from './organization.lifecycle.js';

const ALL: OrganizationStatus[] = ['active', 'past_due', 'suspended', 'closing', 'closed'];

describe('the life of an organization', () => {
  it.each<[OrganizationStatus, OrganizationStatus[], boolean]>([
    ['active', ['suspended', 'past_due', 'closing'], true],
    ['past_due', ['active', 'suspended', 'closing'], true],
    ['suspended', ['active', 'closing'], false],
    ['closing', ['active', 'closed'], false],
    ['closed', [], false],
  ])('%s', (status, next, serves) => {
    expect(ALL.filter((one) => mayBecome(status, one)).sort()).toEqual([...next].sort());
    expect(isServing(status)).toBe(serves);
  });
});

it.each<[OrganizationStatus, number | undefined, boolean]>([
  ['closing', 11, true],
  ['closing', 10, false],
  ['closing', undefined, false],
  ['suspended', 11, false],
  ['closed', 11, false],
])('%s with a hold until %s can be reopened at 10: %s', (status, holdUntil, may) => {
  expect(mayReopen({ status, ...(holdUntil === undefined ? {} : { holdUntil }) }, 10)).toBe(may);
});
