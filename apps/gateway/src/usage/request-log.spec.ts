import type { LogEntry } from '#libs/bus';
import { LogBudget, type UsageRecord } from '#libs/domain';
import { RequestLog } from './request-log.js';

const record = (organization: string, service: string, endMs: number): UsageRecord =>
  ({ organizationId: `org_${organization}`, serviceId: `svc_${service}`, endMs }) as UsageRecord;
const row = (sequence: number): LogEntry => ({ sequence, time: 1, stream: 'request', text: 'GET /' });

describe('rows of the request log', () => {
  it('above the budget of an organization become one note for each service, and nobody else loses any', () => {
    const log = new RequestLog(new LogBudget(1));
    for (let index = 0; index < 100; index += 1) log.add(record('noisy', 'a', 1_000), row(index));
    log.add(record('noisy', 'b', 1_000), row(100));
    log.add(record('quiet', 'c', 1_000), row(101));
    expect(log.dropped).toBe(91);
    const texts = (service: string): string[] =>
      (log.entries.get(`svc_${service}`) ?? []).map(({ text }) => text);
    expect(texts('a')).toHaveLength(11);
    expect(texts('a').at(-1)).toBe('90 lines were dropped here: an organization may write 1 lines a second.');
    expect(texts('b')).toEqual(['1 line was dropped here: an organization may write 1 lines a second.']);
    expect(texts('c')).toEqual(['GET /']);
  });
});
