import fc from 'fast-check';
import { durationNanos, parseLine, permitOf } from './access-log.line.js';
import { splitLines } from './line-split.js';
import { requestEntry, usageRecord } from './usage.record.js';
import { StreamParts } from './stream-parts.js';

const sample = {
  type: 'DownstreamEnd',
  start: '1795219200.123456',
  emitted: '1795219200.223999',
  nanos: 100_400_000,
  millis: 100,
  first_micros: 99_000,
  stream: '7f1e4a3c-0000-4000-8000-000000000000',
  received: 4,
  sent: 10,
  status: 200,
  flags: '-',
  attempts: 1,
  ids: 'org_00000000000000000001 prj_00000000000000000001 svc_00000000000000000001',
  revision: 'rev_00000000000000000001',
  cluster: 'cls_00000000000000000001',
  upstream: '127.0.0.1:7000',
  not_reached: null,
  method: 'GET',
  path: '/a',
  agent: null,
  address: '127.0.0.1',
  trace: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
};
type Sample = Partial<Record<keyof typeof sample, unknown>>;
const text = (more: Sample = {}): string => JSON.stringify({ ...sample, ...more });
const origin = {
  gatewayId: 'gw_00000000000000000001',
  region: 'lab',
  producer: 'spl_00000000000000000001',
  position: 7,
} as const;
const recordOf = (more: Sample = {}) => {
  const line = parseLine(text(more));
  return line && usageRecord(line, new StreamParts().take(line), origin);
};

describe('a line of the access log', () => {
  it.each([
    ['', undefined],
    [' 3f1c1d9e-7', '3f1c1d9e-7'],
  ])('with%s behind its ids names the permit %s', (more, permit) => {
    const line = parseLine(text({ ids: `${sample.ids}${more}` }));
    expect(line && [permitOf(line), usageRecord(line, new StreamParts().take(line), origin)]).toEqual([
      permit,
      recordOf(),
    ]);
  });

  it('is a usage record with ids only', () => {
    const record = recordOf();
    expect(record).toEqual({
      schemaVersion: 1,
      ...origin,
      streamId: sample.stream,
      part: 0,
      last: true,
      startMs: 1_795_219_200_123,
      endMs: 1_795_219_200_224,
      requestBytes: 4,
      responseBytes: 10,
      status: 200,
      flags: '-',
      reached: true,
      attempts: 1,
      organizationId: 'org_00000000000000000001',
      projectId: 'prj_00000000000000000001',
      serviceId: 'svc_00000000000000000001',
      revisionId: sample.revision,
      clusterId: sample.cluster,
    });
  });

  it.each([
    ['an answer of an instance', {}, true],
    ['the ingress said that no instance saw it', { not_reached: '1', status: 503 }, false],
    ['no door was chosen', { upstream: null, flags: 'UH', status: 503 }, false],
    ['no connection to the door', { flags: 'UF,URX', status: 503 }, false],
    ['the door broke off before it answered', { flags: 'UC', status: 503 }, true],
    ['the time was up', { flags: 'DT', status: 504 }, true],
    ['the caller left', { flags: 'DC', status: 0, nanos: null }, true],
    ['its body could not be read to the end', { flags: 'DPE', status: 200 }, true],
    ['nothing of it could be read', { upstream: null, flags: 'DPE', status: 400 }, false],
    ['an answer of the gateway itself', { upstream: null, status: 403 }, false],
  ])('reached an instance or not: %s', (_name, more, reached) => {
    expect(recordOf(more)).toMatchObject({ reached });
  });

  it.each([
    ['no service of ours', { ids: null }],
    ['a service missing', { ids: 'org_00000000000000000001 prj_00000000000000000001' }],
    ['an organization that is no id', { ids: 'acme prj_00000000000000000001 svc_00000000000000000001' }],
  ])('is no usage record with %s', (_name, more) => {
    expect(recordOf(more)).toBeUndefined();
  });

  it('is read as release 0.1 wrote it too', () => {
    const { ids, ...rest } = sample;
    const [organization, project, service] = ids.split(' ');
    const old = parseLine(JSON.stringify({ ...rest, organization, project, service }));
    expect(old && usageRecord(old, new StreamParts().take(old), origin)).toEqual(recordOf());
  });

  it('is a row of the request log', () => {
    const line = parseLine(text());
    expect(line && requestEntry(line, 42, 'hello-00001')).toEqual({
      sequence: 42,
      time: 1_795_219_200_123,
      stream: 'request',
      revision: 'hello-00001',
      text: 'GET /a 200 100.4 ms',
      request: {
        id: sample.stream,
        method: 'GET',
        path: '/a',
        status: 200,
        durationMs: 100.4,
        firstByteMs: 99,
        address: '127.0.0.1',
        traceId: '0af7651916cd43dd8448eb211c80319c',
      },
    });
  });

  it.each([
    ['as Envoy measured it', {}, 100_400_000],
    ['of a WebSocket: the wall clock refines the ms', { nanos: null }, 100_543_000],
    ['of an open stream', { type: 'DownstreamPeriodic' }, 100_543_000],
    ['when the wall clock stepped forth', { nanos: null, emitted: '1795219999.000000' }, 100_000_000],
    ['when the wall clock stepped back', { nanos: null, emitted: '1795219100.000000' }, 100_000_000],
    ['when nothing is known', { nanos: null, millis: null }, 0],
  ])('has a duration: %s', (_name, more, nanos) => {
    const line = parseLine(text(more));
    expect(line && durationNanos(line)).toBe(nanos);
  });

  it('is read from anything without ever throwing', () => {
    const field = fc.oneof(
      fc.string(),
      fc.integer(),
      fc.double(),
      fc.constant(null),
      fc.constant(undefined),
      fc.object(),
    );
    const mangled = fc
      .record(
        Object.fromEntries(Object.keys(sample).map((key) => [key, fc.option(field, { nil: undefined })])),
      )
      .map((more) => JSON.stringify({ ...sample, ...more }));
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json(), mangled), (any) => {
        const line = parseLine(any);
        if (!line) return true;
        const record = usageRecord(line, new StreamParts().take(line), origin);
        return record === undefined || record.endMs > record.startMs;
      }),
    );
  });
});

describe('a chunk of the log', () => {
  it('keeps what follows the last newline for later', () => {
    const chunk = Buffer.from(`${text()}\n${text({ path: '/ü' })}\n${text().slice(0, 50)}`);
    const { lines, consumed, skipped } = splitLines(chunk, 1_000, 100, false);
    expect(lines.map(({ position }) => position)).toEqual([1_000, 1_000 + text().length + 1]);
    expect(consumed).toBe(chunk.length - 50);
    expect(skipped).toBe(0);
  });

  it('finds the line behind a torn one, at its own offset', () => {
    const torn = text({ agent: 'ü{"type":"x"}' }).slice(0, 300);
    const chunk = Buffer.from(`${torn}${text()}\n`);
    const { lines } = splitLines(chunk, 0, 100, false);
    expect(lines.map(({ position }) => position)).toEqual([Buffer.byteLength(torn)]);
  });

  it('takes nothing of what a caller sent for a line', () => {
    const chunk = Buffer.from(`${text({ path: `/${text()}`, agent: `\n${text()}\n` })}\n`);
    expect(splitLines(chunk, 0, 100, false).lines.map(({ position }) => position)).toEqual([0]);
  });

  it('gives up a full chunk without any newline', () => {
    expect(splitLines(Buffer.alloc(64, 'x'), 0, 10, true)).toEqual({ lines: [], consumed: 64, skipped: 1 });
  });

  it('gives the same lines at the same offsets however it is cut', () => {
    const whole = Buffer.from(['/a', '/ü', '/c', '/d'].map((path) => `${text({ path })}\n`).join(''));
    const expected = splitLines(whole, 0, 100, false).lines;
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 900 }), { minLength: 1 }), (sizes) => {
        const found = [];
        let offset = 0;
        for (let turn = 0; offset < whole.length && turn < 1_000; turn += 1) {
          const size = (sizes[turn % sizes.length] as number) + turn;
          const { lines, consumed } = splitLines(whole.subarray(offset, offset + size), offset, 2, false);
          found.push(...lines);
          offset += consumed;
        }
        expect(found).toEqual(expected);
      }),
    );
  });
});

describe('the parts of a stream', () => {
  it('are disjoint, without a gap, never empty, and add up, whatever the reports say', () => {
    const step = fc.record({
      millis: fc.integer({ min: 0, max: 5_000 }),
      bytes: fc.integer({ min: 0, max: 1_000 }),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 8 }), (steps) => {
        const parts = new StreamParts();
        let millis = 0;
        let sent = 0;
        const made = steps.map((one, index) => {
          millis += one.millis;
          sent += one.bytes;
          const type = index === steps.length - 1 ? 'DownstreamEnd' : 'DownstreamPeriodic';
          const line = parseLine(text({ type, millis, sent, nanos: null, emitted: '1795219200.123456' }));
          if (!line) throw new Error('no line');
          return parts.take(line);
        });
        expect(parts.size).toBe(0);
        expect(made.map(({ part }) => part)).toEqual(made.map((_one, index) => index));
        expect(made.map(({ last }) => last)).toEqual(made.map((_one, index) => index === made.length - 1));
        expect(made.slice(1).map(({ startMs }) => startMs)).toEqual(
          made.slice(0, -1).map(({ endMs }) => endMs),
        );
        expect(made.every(({ startMs, endMs }) => endMs > startMs)).toBe(true);
        expect(made.reduce((sum, { responseBytes }) => sum + responseBytes, 0)).toBe(sent);
      }),
    );
  });

  it('come out the same when reading goes on from a checkpoint', () => {
    const lines = [1_000, 2_000, 3_000].map((millis) =>
      parseLine(text({ type: 'DownstreamPeriodic', millis })),
    );
    const straight = new StreamParts();
    const all = lines.map((line) => line && straight.take(line));
    const first = new StreamParts();
    const before = lines.slice(0, 1).map((line) => line && first.take(line));
    const second = new StreamParts(
      JSON.parse(JSON.stringify(first.state())) as ReturnType<StreamParts['state']>,
    );
    expect([...before, ...lines.slice(1).map((line) => line && second.take(line))]).toEqual(all);
  });

  it('forget a stream whose Envoy died', () => {
    const parts = new StreamParts();
    const open = parseLine(text({ type: 'DownstreamPeriodic', stream: 'dead' }));
    const later = parseLine(text({ stream: 'alive', emitted: '1795219900.000000' }));
    if (!open || !later) throw new Error('no line');
    parts.take(open);
    expect(Object.keys(parts.state())).toEqual(['dead']);
    parts.take(later);
    expect(parts.state()).toEqual({});
  });
});
