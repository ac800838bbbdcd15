import type { Bus, LogEntry } from '#libs/bus';
import type { Id } from '#libs/domain';
import { createLogger } from '#libs/process';
import { SteppedClock } from '#libs/testing';
import { LogShipper, LOG_LIMITS, type Line, type LogLimits } from './log.shipper.js';

const SERVICE: Id<'svc'> = 'svc_00000000000000000001';
const OTHER: Id<'bld'> = 'bld_00000000000000000001';
const line = (text: string): Line => ({ time: 1, stream: 'stdout', text });

describe('LogShipper', () => {
  let sent: { subject: string; entries: LogEntry[]; msgId: string | undefined }[];
  let away: boolean;
  let shipper: LogShipper;
  const make = (limits: Partial<LogLimits> = {}): void => {
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
    shipper = new LogShipper('cls_00000000000000000001', () => bus, new SteppedClock(), logger, {
      ...LOG_LIMITS,
      ...limits,
    });
  };

  it('sends batches by subject, in order, with growing unique numbers', async () => {
    make({ batchEntries: 2 });
    for (const text of ['a', 'b', 'c']) shipper.add(SERVICE, line(text));
    shipper.add(OTHER, line('x'));
    await shipper.flush();
    expect(sent.map(({ subject, entries }) => [subject, entries.map((e) => e.text)])).toEqual([
      [`logs.${SERVICE}.cls_00000000000000000001`, ['a', 'b']],
      [`logs.${SERVICE}.cls_00000000000000000001`, ['c']],
      [`logs.${OTHER}.cls_00000000000000000001`, ['x']],
    ]);
    const numbers = sent.flatMap(({ entries }) => entries.map((entry) => entry.sequence));
    expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
    await shipper.flush();
    expect(sent).toHaveLength(3);
  });

  it('sends the very same batch again when it was not taken', async () => {
    make();
    away = true;
    shipper.add(SERVICE, line('a'));
    await expect(shipper.flush()).rejects.toThrow('away');
    shipper.add(SERVICE, line('b'));
    away = false;
    await shipper.flush();
    expect(sent[1]).toEqual(sent[0]);
    expect(sent[2]?.entries.map((entry) => entry.text)).toEqual(['b']);
  });

  it('drops the oldest lines beyond its bound and says how many', async () => {
    make({ buffered: 350 });
    for (const text of ['a', 'b', 'c', 'd', 'e']) shipper.add(SERVICE, line(text));
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
