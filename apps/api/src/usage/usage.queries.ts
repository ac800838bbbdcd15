import { BLOCK_MS, monthOf, monthSpan, refuseIfAny, type Interval, type UsageDay } from '#libs/domain';
import {
  findService,
  listUsageRecords,
  usageByDay,
  type MeteredRequest,
  type PageRequest,
} from '#libs/store';
import type { Call } from '../call/call.js';
import { notFound } from '../call/not-found.js';
import { projectOf } from '../project/project.queries.js';
import { serviceOf, type ServiceRef } from '../service/service.queries.js';

const DAY_MS = 86_400_000;
const MAX_DAYS = 400;

interface SpanInput {
  from?: string | undefined;
  to?: string | undefined;
}

interface UsageInput extends SpanInput {
  project: string;
  service?: string | undefined;
}

/** A usage record with times as text. */
export type UsageRecordView = Omit<MeteredRequest, 'startMs' | 'endMs'> & { start: string; end: string };

/** A day's usage with 64-bit numbers as text. */
export type UsageDayView = Omit<UsageDay, BigField> & Record<BigField | 'billableMs', string>;
type BigField =
  'requests' | 'notBillableRequests' | 'blocks' | 'perRequestUnits' | 'requestBytes' | 'responseBytes';

/** Usage also of services that are gone. */
export async function readUsage(call: Call, input: UsageInput): Promise<{ items: UsageDayView[] }> {
  const project = await projectOf(call, input.project);
  const span = spanOf(input, call.now);
  const { organizationId, id: projectId } = project;
  const filter = { organizationId, projectId, fromMs: span.startMs, toMs: span.endMs };
  const days = await usageByDay(call.tx, filter);
  const { service } = input;
  if (service === undefined) return { items: days.map(showUsageDay) };
  const own = days.filter((day) => day.service === service || day.serviceId === service);
  if (own.length === 0 && !(await findService(call.tx, organizationId, projectId, service)))
    throw notFound('service');
  return { items: own.map(showUsageDay) };
}

/** The records themselves, so that a customer can count again what was billed. */
export async function listRecords(
  call: Call,
  input: ServiceRef & SpanInput,
  page: PageRequest,
): Promise<UsageRecordView[]> {
  const { service } = await serviceOf(call, input);
  const of = { organizationId: service.organizationId, serviceId: service.id, ...spanOf(input, call.now) };
  const records = await listUsageRecords(call.tx, of, page);
  return records.map(({ startMs, endMs, ...record }) => ({
    ...record,
    start: new Date(startMs).toISOString(),
    end: new Date(endMs).toISOString(),
  }));
}

function spanOf({ from, to }: SpanInput, now: number): Interval {
  const month = monthSpan(monthOf(now));
  const startMs = from === undefined ? month.startMs : Date.parse(from);
  const endMs = to === undefined ? Math.max(month.endMs, startMs + DAY_MS) : Date.parse(to) + DAY_MS;
  if (endMs <= startMs) refuseIfAny([{ field: 'to', message: 'must not be before `from`' }]);
  if (endMs - startMs > MAX_DAYS * DAY_MS) {
    refuseIfAny([{ field: 'from', message: `must be at most ${MAX_DAYS} days before \`to\`` }]);
  }
  return { startMs, endMs };
}

function showUsageDay(day: UsageDay): UsageDayView {
  return {
    ...day,
    requests: String(day.requests),
    notBillableRequests: String(day.notBillableRequests),
    blocks: String(day.blocks),
    billableMs: String(day.blocks * BigInt(BLOCK_MS)),
    perRequestUnits: String(day.perRequestUnits),
    requestBytes: String(day.requestBytes),
    responseBytes: String(day.responseBytes),
  };
}
