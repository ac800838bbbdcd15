import http2 from 'node:http2';
import { WebSocket } from 'ws';
import type { List } from '../support/faces.js';
import { GRPC, Tenant, sum } from '../support/tenant.js';
import { until } from '../support/until.js';

/** What a record says of itself; the customer's own check. */
interface RecordJson {
  start: string;
  end: string;
  /** A request of more than ten seconds is told in parts. */
  last: boolean;
  billable: boolean;
}

describe('live traffic gives exactly one record a request', () => {
  let tenant: Tenant;
  beforeAll(async () => {
    tenant = await Tenant.create('metering');
    await tenant.mustDeploy('probe');
  });

  it('counts 300 requests as 300, and 404s of nobody as nothing', async () => {
    const answers = await Promise.all(Array.from({ length: 300 }, () => tenant.call('probe')));
    expect(answers.every((answer) => answer.status === 200)).toBe(true);
    await tenant.call('nobody');
    await settled('probe', 300n);
  });

  it('bills the units of a brute-force cover of the records, under concurrency and max instances', async () => {
    await tenant.mustDeploy('narrow', { template: { concurrency: 2, maxInstances: 2 } });
    const waits = Array.from({ length: 40 }, (_one, index) => (index * 37) % 260);
    await Promise.all(waits.map((ms) => tenant.call('narrow', `/sleep?ms=${ms}`)));
    const usage = await tenant.usageOf('narrow', waits.length, 60_000);
    const records = await tenant.api.ok<List<RecordJson>>(
      'GET',
      tenant.at('narrow', '/usage-records?limit=100'),
    );
    expect(records.items.filter(({ last }) => last)).toHaveLength(waits.length);
    const intervals = records.items.map(({ start, end }) => [Date.parse(start), Date.parse(end)] as const);
    expect(sum(usage, 'blocks')).toBe(BigInt(bruteForceCover(intervals, 2, 2)));
  });

  it('counts a WebSocket as one request', async () => {
    await exchange('hello over a socket');
    await settled('probe', 301n);
  });

  it('counts a gRPC call as one request and passes its trailers', async () => {
    await tenant.mustDeploy('grpc', { source: GRPC, template: { protocol: 'h2c' } });
    const trailers = await unary(Buffer.from('request'));
    expect(trailers['grpc-status']).toBe('5');
    await settled('grpc', 1n);
  });

  it('loses and doubles nothing when billing is killed in the middle', async () => {
    const before = tenant.platform.pids()['billing'] ?? 0;
    const load = Promise.all(Array.from({ length: 400 }, () => tenant.call('probe', '/sleep?ms=20')));
    process.kill(before, 'SIGKILL');
    const answers = await load;
    expect(answers.every((answer) => answer.status === 200)).toBe(true);
    await until('billing is back', 60_000, () =>
      Promise.resolve(tenant.platform.pids()['billing'] !== before),
    );
    await settled('probe', 701n);
  });

  /** Exactly that many, and still that many after a later request of another service was counted. */
  async function settled(service: string, requests: bigint): Promise<void> {
    await tenant.usageOf(service, Number(requests), 60_000);
    await tenant.mustDeploy('witness');
    const earlier = sum(await tenant.usage('witness'), 'requests');
    await tenant.call('witness');
    const rows = await tenant.usageOf('witness', Number(earlier) + 1, 60_000);
    expect(rows.length).toBeGreaterThan(0);
    expect(sum(await tenant.usage(service), 'requests')).toBe(requests);
  }

  function exchange(text: string): Promise<void> {
    const socket = new WebSocket(`ws://127.0.0.1:${tenant.platform.gatewayPort}/`, {
      headers: { host: tenant.host('probe') },
    });
    return new Promise((resolve, reject) => {
      socket.on('error', reject);
      socket.on('open', () => socket.send(text));
      socket.on('message', (data: Buffer) => {
        expect(data.toString()).toBe(text);
        socket.close();
      });
      socket.on('close', () => resolve());
    });
  }

  function unary(message: Buffer): Promise<http2.IncomingHttpHeaders> {
    const session = http2.connect(`http://127.0.0.1:${tenant.platform.gatewayPort}`);
    return new Promise((resolve, reject) => {
      session.on('error', reject);
      const stream = session.request({
        ':method': 'POST',
        ':path': '/probe.Probe/Get',
        ':authority': tenant.host('grpc'),
        'content-type': 'application/grpc',
        te: 'trailers',
      });
      stream.on('error', reject);
      stream.on('trailers', (trailers) => {
        resolve(trailers);
        session.close();
      });
      stream.resume();
      stream.end(message);
    });
  }
});

/**
 * Blocks of 100 ms that cover the demand, counted millisecond by millisecond from their definition: demand is what is
 * active, at most what could run; whenever it exceeds what open blocks hold, one more opens.
 */
function bruteForceCover(
  intervals: readonly (readonly [number, number])[],
  concurrency: number,
  maxInstances: number,
): number {
  const first = Math.min(...intervals.map(([start]) => start));
  const last = Math.max(...intervals.map(([, end]) => end));
  let open: number[] = [];
  let opened = 0;
  for (let ms = first; ms < last; ms += 1) {
    open = open.filter((end) => end > ms);
    const active = intervals.filter(([start, end]) => start <= ms && ms < end).length;
    const demand = Math.min(active, concurrency * maxInstances);
    while (demand > concurrency * open.length) {
      open.push(ms + 100);
      opened += 1;
    }
  }
  return opened;
}
