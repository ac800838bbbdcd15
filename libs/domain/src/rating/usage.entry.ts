import { refuseIfAny, type Violation } from '../error.js';
import { flag, isObject, objectOf, optional, textOf, wholeNumber, wordOf, type Reader } from '../reader.js';
import { placeName } from '../price/plan.reader.js';
import { INSTANCE_STATES, type InstanceState } from '../price/plan.types.js';
import { MAX_RECORD_MS } from '../usage/usage.validation.js';

/** The shape of a revision: what its usage is multiplied by and how much of it can run. Comes before its usage. */
export interface RevisionEntry {
  kind: 'revision';
  id: string;
  organizationId: string;
  serviceId: string;
  /** Words like `arm64` or `non-preemptible` that a plan may price apart. */
  class: string | undefined;
  cpuMillis: number;
  memoryMiB: number;
  diskMiB: number;
  gpus: number;
  gpuClass: string | undefined;
  concurrency: number;
  maxInstances: number;
}

/** One request, or one part of a long stream, as the gateway saw it (design D5). */
export interface RequestEntry {
  kind: 'request';
  /** Identity: the same id at the same start counts once. */
  id: string | undefined;
  revisionId: string;
  region: string;
  startMs: number;
  endMs: number;
  /** So many equal requests, each alone on its instance. */
  repeat: number;
  /** What was sent to the caller. */
  responseBytes: number;
  reached: boolean;
  status: number;
  flags: string;
  /** Parts of one stream share it; they are one request with one rounding. */
  streamId: string | undefined;
  part: number;
  last: boolean;
  /** When its revision had a ready instance, where it had none when the request began. */
  readyMs: number | undefined;
  /** By how much the clock that saw that is ahead of the one that saw the request. */
  readyOffsetMs: number | undefined;
}

/** A stretch of one instance in one state, as an agent saw it. */
export interface InstanceEntry {
  kind: 'instance';
  instanceId: string;
  revisionId: string;
  region: string;
  startMs: number;
  endMs: number;
  /** When the instance started; a minimum counts from there. */
  begunMs: number | undefined;
  state: InstanceState;
  repeat: number;
}

export interface BuildEntry {
  kind: 'build';
  id: string | undefined;
  organizationId: string;
  serviceId: string | undefined;
  class: string | undefined;
  region: string;
  startMs: number;
  endMs: number;
  repeat: number;
}

/** A number of something at an instant: event deliveries, bytes, or a counter of the plan. */
export interface CountEntry {
  kind: 'count';
  id: string | undefined;
  organizationId: string;
  serviceId: string | undefined;
  /** With a revision, its size is what the count is multiplied by. */
  revisionId: string | undefined;
  class: string | undefined;
  region: string;
  startMs: number;
  counter: string;
  quantity: bigint;
}

/** A stretch of time in which an organization has the plan: what fees are owed for. */
export interface SubscriptionEntry {
  kind: 'subscription';
  organizationId: string;
  startMs: number;
  endMs: number;
}

export type UsageEntry =
  RevisionEntry | RequestEntry | InstanceEntry | BuildEntry | CountEntry | SubscriptionEntry;

const YEAR_9999_MS = 253_402_300_799_999;
const MAX_REPEAT = 1_000_000_000_000;

const name = textOf(/^[\x21-\x7e]{1,200}$/, '1-200 printable characters without spaces');
const at = wholeNumber(0, YEAR_9999_MS);
const region = optional(placeName, 'local');
const repeat = optional(wholeNumber(1, MAX_REPEAT), 1);
const bytes = wholeNumber(0, Number.MAX_SAFE_INTEGER);

/** A count as whole number or, where it may be large, as text. */
const quantity: Reader<bigint> = (value, path, found) => {
  if (typeof value === 'string' && /^\d{1,30}$/.test(value)) return BigInt(value);
  if (Number.isSafeInteger(value) && (value as number) >= 0) return BigInt(value as number);
  found.push({ field: path, message: 'must be a whole number from 0, in quotes above 2^53' });
  return 0n;
};

const READERS = {
  revision: objectOf<RevisionEntry>(
    {
      kind: wordOf(['revision'] as const),
      id: name,
      organizationId: name,
      serviceId: name,
      class: optional(placeName),
      cpuMillis: wholeNumber(0, 1_000_000),
      memoryMiB: wholeNumber(0, 1 << 30),
      diskMiB: optional(wholeNumber(0, 1 << 30), 0),
      gpus: optional(wholeNumber(0, 1_000), 0),
      gpuClass: optional(placeName),
      concurrency: wholeNumber(0, 1_000),
      maxInstances: wholeNumber(1, 1_000_000),
    },
    'revision',
  ),
  request: objectOf<RequestEntry>(
    {
      kind: wordOf(['request'] as const),
      id: optional(name),
      revisionId: name,
      region,
      startMs: at,
      endMs: at,
      repeat,
      responseBytes: optional(bytes, 0),
      reached: optional(flag, true),
      status: optional(wholeNumber(0, 999), 200),
      flags: optional(name, '-'),
      streamId: optional(name),
      part: optional(wholeNumber(0, 1_000_000), 0),
      last: optional(flag, true),
      readyMs: optional(at),
      readyOffsetMs: optional(wholeNumber(-YEAR_9999_MS, YEAR_9999_MS)),
    },
    'request',
  ),
  instance: objectOf<InstanceEntry>(
    {
      kind: wordOf(['instance'] as const),
      instanceId: name,
      revisionId: name,
      region,
      startMs: at,
      endMs: at,
      begunMs: optional(at),
      state: optional(wordOf(INSTANCE_STATES), 'active'),
      repeat,
    },
    'instance',
  ),
  build: objectOf<BuildEntry>(
    {
      kind: wordOf(['build'] as const),
      id: optional(name),
      organizationId: name,
      serviceId: optional(name),
      class: optional(placeName),
      region,
      startMs: at,
      endMs: at,
      repeat,
    },
    'build',
  ),
  count: objectOf<CountEntry>(
    {
      kind: wordOf(['count'] as const),
      id: optional(name),
      organizationId: name,
      serviceId: optional(name),
      revisionId: optional(name),
      class: optional(placeName),
      region,
      startMs: at,
      counter: textOf(/^(event_deliveries|egress_bytes|[a-z0-9][a-z0-9-]{0,39})$/, 'the name of a counter'),
      quantity,
    },
    'count',
  ),
  subscription: objectOf<SubscriptionEntry>(
    { kind: wordOf(['subscription'] as const), organizationId: name, startMs: at, endMs: at },
    'subscription',
  ),
};
const KINDS = Object.keys(READERS) as (keyof typeof READERS)[];

/**
 * Reads one line of a usage file.
 * @throws TowpathError INVALID_ARGUMENT naming every wrong field
 */
export function parseUsageEntry(value: unknown): UsageEntry {
  const kind = isObject(value) ? KINDS.find((one) => one === value['kind']) : undefined;
  if (kind === undefined) {
    const violations: Violation[] = [];
    if (isObject(value)) wordOf(KINDS)(value['kind'], 'kind', violations);
    else violations.push({ field: 'usage', message: 'must be an object' });
    refuseIfAny(violations);
  }
  const found: Violation[] = [];
  const entry: UsageEntry = READERS[kind ?? 'request'](value, '', found);
  if (found.length === 0) lookTogether(entry, found);
  refuseIfAny(found);
  return entry;
}

function lookTogether(entry: UsageEntry, found: Violation[]): void {
  if ('endMs' in entry && entry.endMs <= entry.startMs)
    found.push({ field: 'endMs', message: 'must be after startMs' });
  if (entry.kind === 'request') lookAtRequest(entry, found);
  if (entry.kind === 'instance' && (entry.begunMs ?? 0) > entry.startMs)
    found.push({ field: 'begunMs', message: 'must not be after startMs' });
  if (entry.kind === 'revision' && entry.gpus > 0 !== (entry.gpuClass !== undefined))
    found.push({ field: 'gpuClass', message: 'must be there with gpus, and only then' });
}

function lookAtRequest(entry: RequestEntry, found: Violation[]): void {
  if (entry.endMs - entry.startMs > MAX_RECORD_MS)
    found.push({ field: 'endMs', message: `must be at most ${MAX_RECORD_MS} ms after startMs` });
  if ((entry.readyMs === undefined) !== (entry.readyOffsetMs === undefined))
    found.push({ field: 'readyOffsetMs', message: 'must be there with readyMs, and only then' });
  if (!isPart(entry)) return;
  if (entry.streamId === undefined)
    found.push({ field: 'streamId', message: 'must be there for a part of a stream' });
  if (entry.repeat > 1) found.push({ field: 'repeat', message: 'must be 1 for a part of a stream' });
}

/** Whether it is one of several reports of a stream. */
export function isPart({ part, last }: Pick<RequestEntry, 'part' | 'last'>): boolean {
  return part > 0 || !last;
}
