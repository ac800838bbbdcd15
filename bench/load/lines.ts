/**
 * An agent's shipping of lines, run as a process of its own (fork): instances of two organizations write, each line says
 * when. It takes one order at a time as a message.
 */
import { readFileSync } from 'node:fs';
import { Bus, inboxPrefix } from '#libs/bus';
import { LogBudget, type Id } from '#libs/domain';
import { Metrics, createLogger, systemClock } from '#libs/process';
import { LogShipper } from '../../apps/agent/src/logs/log.shipper.js';

export interface Writer {
  organizationId: string;
  serviceId: Id<'svc'>;
  perSecond: number;
}

export interface LinesOrder {
  writers: Writer[];
  millis: number;
}

const TICK_MS = 10;
const { BENCH_NATS_URL, BENCH_CREDS_FILE, BENCH_CLUSTER, BENCH_LINES_PER_SECOND } = process.env;

const bus = await Bus.connect({
  servers: BENCH_NATS_URL ?? '',
  creds: readFileSync(BENCH_CREDS_FILE ?? '', 'utf8'),
  name: 'bench-agent',
  inboxPrefix: inboxPrefix(BENCH_CLUSTER ?? ''),
});
const shipper = new LogShipper({
  clusterId: BENCH_CLUSTER as Id<'cls'>,
  bus: () => bus,
  clock: systemClock,
  budget: new LogBudget(Number(BENCH_LINES_PER_SECOND)),
  metrics: new Metrics(),
  logger: createLogger('bench-agent', 'silent'),
});
shipper.wake();

/** Each writes evenly; a line is as long as one of an ordinary log. */
function write({ organizationId, serviceId }: Writer): void {
  const time = Date.now();
  const text = `${performance.timeOrigin + performance.now()} ${'x'.repeat(100)}`;
  shipper.add(organizationId, serviceId, {
    time,
    stream: 'stdout',
    revision: 'hello-00001',
    instance: 'one',
    text,
  });
}

function run({ writers, millis }: LinesOrder): void {
  const began = performance.now();
  const written = writers.map(() => 0);
  const timer = setInterval(() => {
    const elapsed = Math.min(millis, performance.now() - began);
    for (const [index, writer] of writers.entries())
      for (
        const due = (elapsed * writer.perSecond) / 1_000;
        (written[index] ?? 0) < due;
        written[index]! += 1
      )
        write(writer);
    if (elapsed < millis) return;
    clearInterval(timer);
    process.send?.(written);
  }, TICK_MS);
}

process.on('message', run);
process.on('disconnect', () => process.exit(0));
process.send?.(0);
