import {
  intervalQuarantineReason,
  MAX_INSTANCE_MS,
  type HeldUntil,
  type InstanceInterval,
} from './instance.interval.js';
import { MAX_AHEAD_MS } from './usage.validation.js';

const NOW = Date.UTC(2026, 10, 22);
const good: InstanceInterval = {
  clusterId: 'cls_00000000000000000001',
  organizationId: 'org_00000000000000000001',
  serviceId: 'svc_00000000000000000001',
  revisionId: 'rev_00000000000000000001',
  instanceId: 'hello-00001-abcde',
  startMs: NOW - 1_000,
  untilMs: NOW,
  ended: false,
};
const known = {
  hasService: true,
  revision: { serviceId: good.serviceId, timeoutSeconds: 60 },
  sender: good.clusterId as string | undefined,
  held: {} as HeldUntil | undefined,
  nowMs: NOW,
};

it.each<[string, Partial<InstanceInterval>, Partial<typeof known>, string | undefined]>([
  ['a good one', {}, {}, undefined],
  ['an empty one', { untilMs: good.startMs }, {}, undefined],
  ['just as far ahead as may be', { untilMs: NOW + MAX_AHEAD_MS }, {}, undefined],
  ['an operator\u2019s word for its sender', {}, { sender: undefined }, undefined],
  ['unprintable', { instanceId: 'a\tb' }, {}, 'malformed'],
  ['without a name', { instanceId: '' }, {}, 'malformed'],
  ['of another cluster', {}, { sender: 'cls_00000000000000000002' }, 'foreign_sender'],
  ['of a cluster that never held the service', {}, { held: undefined }, 'foreign_sender'],
  ['the same, by an operator\u2019s word', {}, { held: undefined, sender: undefined }, undefined],
  [
    'that began after it was gone',
    {},
    { held: { removedMs: good.startMs - MAX_AHEAD_MS - 1 } },
    'foreign_sender',
  ],
  ['that began before it was gone', {}, { held: { removedMs: good.startMs - MAX_AHEAD_MS } }, undefined],
  ['of no service', {}, { hasService: false }, 'unknown_service'],
  ['of another service', { serviceId: 'svc_00000000000000000002' }, {}, 'unknown_revision'],
  ['backwards', { untilMs: good.startMs - 1 }, {}, 'not_positive'],
  ['from the future', { untilMs: NOW + MAX_AHEAD_MS + 1 }, {}, 'from_the_future'],
  ['longer than anything runs', { startMs: NOW - MAX_INSTANCE_MS - 1 }, {}, 'too_long'],
  ['as long, by an operator\u2019s word', { startMs: 0 }, { sender: undefined }, undefined],
])('an interval %s: %s', (_what, change, context, reason) => {
  expect(intervalQuarantineReason({ ...good, ...change }, { ...known, ...context })).toBe(reason);
});
