import type { Bus, LogEntry } from '#libs/bus';
import { LogBudget, type Id } from '#libs/domain';
import { Metrics, createLogger } from '#libs/process';
import { SteppedClock } from '#libs/testing';
import { LogShipper, LOG_LIMITS, type Line, type LogLimits } from './log.shipper.js';

const SERVICE: Id<'svc'> = 'svc_00000000000000000001';
const OTHER: Id<'bld'> = 'bld_00000000000000000001';
const OWNER = 'org_1';
const line = (text: string): Line => ({ time: 1, stream: 'stdout', text });

describe('LogShipper', () => {
  let sent: { subject: string; entries: LogEntry[]; msgId: string | undefined }[];
  let away: boolean;
  let shipper: LogShipper;
  let metrics: Metrics;
  const make = (limits: Partial<LogLimits> = {}, linesPerSecond = 1_000): void => {
    metrics = new Metrics();
    sent = [];
    away = false;
    const bus = {
      publish: (
        subject: string,
        _schema: unknown,
        value: { entries: LogEntry[] },
        options: { msgId?: string },
      ) => {
        sent.push({ subject, entries: [...value.entries], msgId: options.msgId });
        return away ? Promise.reject(new Error('away')) : Promise.resolve({});
      },
    } as unknown as Bus;
    const logger = createLogger('test', 'silent');
    shipper = new LogShipper({
      clusterId: 'cls_00000000000000000001',
      bus: () => bus,
      clock: new SteppedClock(),
      budget: new LogBudget(linesPerSecond),
      metrics,
      logger,
      limits: { ...LOG_LIMITS, ...limits },
    });
  };

  it('sends batches by subject, in order, with growing unique numbers', async () => {
    make({ batchEntries: 2 });
    for (const text of ['a', 'b', 'c']) shipper.add(OWNER, SERVICE, line(text));
    shipper.add(OWNER, OTHER, line('x'));
    await shipper.flush();
    expect(sent.map(({ subject, entries }) => [subject, entries.map((e) => e.text)])).toEqual([
      [`logs.${SERVICE}.cls_00000000000000000001`, ['a', 'b']],
      [`logs.${OTHER}.cls_00000000000000000001`, ['x']],
      [`logs.${SERVICE}.cls_00000000000000000001`, ['c']],
    ]);
    const numbers = sent
      .filter(({ subject }) => subject.includes(SERVICE))
      .flatMap(({ entries }) => entries.map((entry) => entry.sequence));
    expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
    await shipper.flush();
    expect(sent).toHaveLength(3);
  });

  it('sends the very same batch again when it was not taken', async () => {
    make();
    away = true;
    shipper.add(OWNER, SERVICE, line('a'));
    await expect(shipper.flush()).rejects.toThrow('away');
    shipper.add(OWNER, SERVICE, line('b'));
    away = false;
    await shipper.flush();
    expect(sent[1]).toEqual(sent[0]);
    expect(sent[2]?.entries.map((entry) => entry.text)).toEqual(['b']);
  });

  it('drops, counts and tells what is above the budget of an organization, in its place', async () => {
    make({}, 1);
    for (let index = 0; index < 15; index += 1) shipper.add(OWNER, SERVICE, line(`a${index}`));
    shipper.add('org_2', OTHER, line('x'));
    await shipper.flush();
    const [noisy, other] = sent;
    expect(noisy?.entries.slice(9).map(({ text }) => text)).toEqual([
      'a9',
      '5 lines were dropped here: an organization may write 1 lines a second.',
    ]);
    expect(other?.entries.map(({ text }) => text)).toEqual(['x']);
    expect(await metrics.registry.metrics()).toContain(
      'towpath_agent_log_lines_dropped_total{reason="limit"} 5',
    );
  });

  it('sends one batch of each service in turn', async () => {
    make({ batchEntries: 1 });
    for (const text of ['a', 'b', 'c']) shipper.add(OWNER, SERVICE, line(text));
    shipper.add(OWNER, OTHER, line('x'));
    await shipper.flush();
    expect(sent.map(({ entries }) => entries[0]?.text)).toEqual(['a', 'x', 'b', 'c']);
  });

  it('drops the oldest lines beyond its bound and says how many', async () => {
    make({ buffered: 350 });
    for (const text of ['a', 'b', 'c', 'd', 'e']) shipper.add(OWNER, SERVICE, line(text));
    await shipper.flush();
    expect(sent[0]?.entries.map(({ stream, text }) => [stream, text])).toEqual([
      ['system', expect.stringMatching(/^2 lines were dropped here/)],
      ['stdout', 'c'],
      ['stdout', 'd'],
      ['stdout', 'e'],
    ]);
    const numbers = sent[0]?.entries.map((entry) => entry.sequence) ?? [];
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
  });
});
