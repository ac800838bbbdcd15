import { mayBecome } from '../organization/organization.lifecycle.js';
import type { OrganizationStatus } from '../organization/organization.lifecycle.js';
import { UNPAID, statusByDebt } from './overdue.rules.js';

const DUE = 1_000;
const DAY = 100;

it.each<[string, OrganizationStatus, string | undefined, number | undefined, number, OrganizationStatus]>([
  ['nothing is past due', 'active', undefined, undefined, 5_000, 'active'],
  ['not yet', 'active', undefined, DUE, DUE, 'active'],
  ['past due', 'active', undefined, DUE, DUE + 1, 'past_due'],
  ['still past due', 'past_due', UNPAID, DUE, DUE + DAY - 1, 'past_due'],
  ['long past due', 'past_due', UNPAID, DUE, DUE + DAY, 'suspended'],
  ['long past due when it is first seen', 'active', undefined, DUE, DUE + DAY, 'suspended'],
  ['still unpaid', 'suspended', UNPAID, DUE, DUE + 1, 'suspended'],
  ['paid', 'suspended', UNPAID, undefined, 5_000, 'active'],
  ['paid in time', 'past_due', UNPAID, undefined, 5_000, 'active'],
  ['suspended by a person', 'suspended', 'abuse', undefined, 5_000, 'suspended'],
  ['closing', 'closing', 'closed', DUE, 5_000, 'closing'],
])('%s', (_name, status, statusReason, oldestDueMs, nowMs, next) => {
  const organization = { status, ...(statusReason === undefined ? {} : { statusReason }) };
  expect(statusByDebt(organization, { nowMs, oldestDueMs, suspendAfterMs: DAY })).toBe(next);
  expect(status === next || mayBecome(status, next)).toBe(true);
});

it('an installation without a policy never suspends', () => {
  expect(statusByDebt({ status: 'past_due' }, { nowMs: 1e15, oldestDueMs: 1 })).toBe('past_due');
});
