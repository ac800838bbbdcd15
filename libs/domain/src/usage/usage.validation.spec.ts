import type { UsageRecord } from './usage.types.js';
import {
  MAX_AHEAD_MS,
  MAX_OVER_TIMEOUT_MS,
  MAX_RECORD_MS,
  quarantineReason,
  releaseRefusal,
  type UsageContext,
} from './usage.validation.js';

const NOW = 1_795_219_200_000;
const HOUR_MS = 3_600_000;

const record: UsageRecord = {
  schemaVersion: 1,
  producer: 'spl_00000000000000000001',
  position: 0,
  gatewayId: 'gw_00000000000000000001',
  region: 'local',
  streamId: 's',
  part: 0,
  last: true,
  startMs: NOW,
  endMs: NOW + 20,
  requestBytes: 1,
  responseBytes: 2,
  status: 200,
  flags: '-',
  reached: true,
  attempts: 1,
  organizationId: 'org_00000000000000000001',
  projectId: 'prj_00000000000000000001',
  serviceId: 'svc_00000000000000000001',
  revisionId: 'rev_00000000000000000001',
};

const context: UsageContext = {
  service: { projectId: record.projectId },
  revision: { serviceId: record.serviceId, timeoutSeconds: 300 },
  sender: record.gatewayId,
  producerOwner: undefined,
  nowMs: NOW,
};

const withoutRevision = (change: Partial<UsageRecord>): UsageRecord => {
  const { revisionId: _left, ...rest } = record;
  return { ...rest, ...change };
};

describe('what is quarantined', () => {
  it.each<[string, UsageRecord, Partial<UsageContext>, string | undefined]>([
    ['a good record', record, {}, undefined],
    ['one that no revision was chosen for', withoutRevision({ reached: false }), {}, undefined],
    ['one of a known producer', record, { producerOwner: record.gatewayId }, undefined],
    ['one at the edge of the future', { ...record, endMs: NOW + MAX_AHEAD_MS }, {}, undefined],
    [
      'one at the longest',
      { ...record, startMs: NOW - 300_000 - MAX_OVER_TIMEOUT_MS, endMs: NOW },
      {},
      undefined,
    ],
    ['sent by another gateway', record, { sender: 'gw_00000000000000000002' }, 'foreign_sender'],
    [
      'of a producer of another gateway',
      record,
      { producerOwner: 'gw_00000000000000000002' },
      'foreign_producer',
    ],
    ['with a text that no column holds', { ...record, flags: '\u0000' }, {}, 'malformed'],
    ['with a number that no column holds', { ...record, part: 2 ** 31 }, {}, 'malformed'],
    ['negative', { ...record, endMs: NOW - 1 }, {}, 'not_positive'],
    ['empty', { ...record, endMs: NOW }, {}, 'not_positive'],
    ['ends in the future', { ...record, endMs: NOW + MAX_AHEAD_MS + 1 }, {}, 'from_the_future'],
    [
      'begins in the future',
      { ...record, startMs: NOW + HOUR_MS, endMs: NOW + HOUR_MS + 1 },
      {},
      'from_the_future',
    ],
    ['too long', { ...record, startMs: NOW - 300_001 - MAX_OVER_TIMEOUT_MS, endMs: NOW }, {}, 'too_long'],
    ['reached nothing that is named', withoutRevision({}), {}, 'missing_revision'],
    ['of an unknown service', record, { service: undefined }, 'unknown_service'],
    ['of a service of another project', record, { service: { projectId: 'prj_2' } }, 'unknown_service'],
    ['of an unknown revision', record, { revision: undefined }, 'unknown_revision'],
    [
      'of another service',
      record,
      { revision: { serviceId: 'svc_2', timeoutSeconds: 1 } },
      'unknown_revision',
    ],
  ])('%s', (_name, given, change, reason) => {
    expect(quarantineReason(given, { ...context, ...change })).toBe(reason);
  });
});

describe('what stays although an operator released it', () => {
  const longest = { ...record, startMs: NOW - MAX_RECORD_MS, endMs: NOW };
  const nowhere = { service: undefined };
  it.each<[string, UsageRecord, Partial<UsageContext>, string | undefined, string | undefined]>([
    ['a good record', record, {}, undefined, undefined],
    ['sent by another gateway', record, { sender: 'gw_2' }, 'foreign_sender', undefined],
    ['of a producer of another', record, { producerOwner: 'gw_2' }, 'foreign_producer', undefined],
    ['longer than its timeout allows', longest, {}, 'too_long', undefined],
    ['longer than any', { ...longest, endMs: NOW + 1 }, {}, 'too_long', 'too_long'],
    ['in the future', { ...record, endMs: NOW + HOUR_MS }, {}, 'from_the_future', 'from_the_future'],
    ['negative', { ...record, endMs: NOW - 1 }, {}, 'not_positive', 'not_positive'],
    ['that no column holds', { ...record, flags: '\u0000' }, {}, 'malformed', 'malformed'],
    ['of a service that is still not there', record, nowhere, 'unknown_service', 'unknown_service'],
    ['of no revision there', record, { revision: undefined }, 'unknown_revision', 'unknown_revision'],
    ['that reached what it does not name', withoutRevision({}), {}, 'missing_revision', 'missing_revision'],
  ])('%s', (_name, given, change, reason, refusal) => {
    const asked = { ...context, ...change };
    expect(quarantineReason(given, asked)).toBe(reason);
    expect(releaseRefusal(given, asked)).toBe(refusal);
  });
});
