import type { UsageRecord } from './usage.types.js';

/** Why a record costs nothing. Stored with it and shown. */
export type NotBillableReason =
  | 'no_such_host'
  | 'spend_cap'
  | 'refused'
  | 'rate_limited'
  | 'no_instance'
  | 'no_instance_in_time'
  | 'client_left_before_instance'
  | 'not_reached'
  | 'platform_fault';

type Seen = Pick<UsageRecord, 'reached' | 'status' | 'flags'>;

/** Answers the gateway gave by itself: no instance did any work. */
const OWN_ANSWERS: Readonly<Record<number, NotBillableReason>> = {
  0: 'client_left_before_instance',
  402: 'spend_cap',
  403: 'refused',
  404: 'no_such_host',
  429: 'rate_limited',
  503: 'no_instance',
  504: 'no_instance_in_time',
};

/**
 * Envoy's response flags that are ours to answer for: no healthy upstream, upstream overflow, no route or cluster,
 * failed health check, overload manager, DNS failure, injected or dropped by configuration.
 */
const OUR_FAULTS: ReadonlySet<string> = new Set([
  'UH',
  'UO',
  'NR',
  'NC',
  'LH',
  'OM',
  'DF',
  'DI',
  'FI',
  'DO',
  'NFCF',
]);

/** The way to the cluster broke. Ours when no answer had begun, which Envoy then answers with its own 503. */
const BROKEN_WAY: ReadonlySet<string> = new Set(['UF', 'UC', 'UR', 'LR']);

/**
 * The one table that decides what is billable: only what reached an instance, and nothing the platform broke.
 * A client that leaves after reaching an instance, a timeout and a stream that breaks after its answer began are
 * billable: the instance worked.
 * @returns undefined when billable, else why it costs nothing
 */
export function whyNotBillable(record: Seen): NotBillableReason | undefined {
  if (!record.reached) return OWN_ANSWERS[record.status] ?? 'not_reached';
  if (record.flags === '-') return undefined;
  const flags = record.flags.split(',');
  if (flags.some((flag) => OUR_FAULTS.has(flag))) return 'platform_fault';
  if (record.status === 503 && flags.some((flag) => BROKEN_WAY.has(flag))) return 'platform_fault';
  return undefined;
}
