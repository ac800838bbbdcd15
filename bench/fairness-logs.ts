import { once } from 'node:events';
import { fork } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { agentPermissions } from '#libs/bus';
import type { Id } from '#libs/domain';
import { until } from '#libs/testing';
import { makeService, makeTenant, type BenchTenant } from './api.bed.js';
import type { HubBed } from './hub.bed.js';
import type { LinesOrder, Writer } from './load/lines.js';
import { pin } from './protocol.js';
import type { Quiet } from './quiet.js';

const QUIET_PER_SECOND = 20;
/** A hundred times as much, above what one organization may write. */
const NOISY_PER_SECOND = 2_000;
/** What an agent allows where nobody has set anything else. */
const LINES_PER_SECOND = 1_000;
const SLICE_MS = Number(process.env['BENCH_FAIR_LOGS_MS'] ?? 6_000);
const ARRIVED_MS = 30_000;

/** Lines of one organization's instance, each from its writing to who follows the log at the api. */
export async function quietLogs(bed: HubBed): Promise<Quiet> {
  const [own, noisy] = [await writerOf(bed, 'reader'), await writerOf(bed, 'shouter')];
  const agent = await startAgent(bed);
  const [mine, theirs] = [await Follower.of(bed, own.tenant), await Follower.of(bed, noisy.tenant)];
  let written = 0;
  const slice = async (writers: Writer[]): Promise<number[]> => {
    mine.arrived = [];
    agent.send({ writers, millis: SLICE_MS } satisfies LinesOrder);
    const [counts] = (await once(agent, 'message')) as [number[]];
    written += counts[1] ?? 0;
    await until(() => mine.arrived.length >= (counts[0] ?? 0), { what: 'all lines', deadlineMs: ARRIVED_MS });
    return mine.arrived;
  };
  const quiet = { ...own.writer, perSecond: QUIET_PER_SECOND };
  return {
    name: 'logs, from an instance to who follows them',
    alone: () => slice([quiet]),
    beside: () => slice([quiet, { ...noisy.writer, perSecond: NOISY_PER_SECOND }]),
    about: () => `${written} lines of the noisy one, ${theirs.arrived.length} reached its own follower`,
    stop: async () => {
      mine.stop();
      theirs.stop();
      const gone = once(agent, 'exit');
      agent.disconnect();
      await gone;
    },
  };
}

async function writerOf(
  { database, apps }: HubBed,
  name: string,
): Promise<{ tenant: BenchTenant; writer: Omit<Writer, 'perSecond'> }> {
  const tenant = await makeTenant(database, name);
  await makeService(apps.api, tenant, 'one');
  const [row] = await database.query<{ id: Id<'svc'> }>(
    'SELECT id FROM services WHERE organization_id = $1',
    [tenant.organizationId],
  );
  if (!row) throw new Error('the service that was made is not there');
  return { tenant, writer: { organizationId: tenant.organizationId, serviceId: row.id } };
}

async function startAgent({ nats, standIns, folder }: HubBed) {
  const creds = path.join(folder, 'agent.creds');
  writeFileSync(creds, await nats.credentials(standIns.clusterId, agentPermissions(standIns.clusterId)));
  const agent = fork(new URL('./load/lines.js', import.meta.url), {
    env: {
      ...process.env,
      BENCH_NATS_URL: nats.url,
      BENCH_CREDS_FILE: creds,
      BENCH_CLUSTER: standIns.clusterId,
      BENCH_LINES_PER_SECOND: String(LINES_PER_SECOND),
    },
  });
  await once(agent, 'message');
  pin(agent.pid ?? 0, 1);
  return agent;
}

/** Somebody who follows a log over server-sent events. */
class Follower {
  /** Milliseconds from the writing of each line until it was here. */
  arrived: number[] = [];
  private readonly abort = new AbortController();

  static async of({ apps }: HubBed, { key, project }: BenchTenant): Promise<Follower> {
    const follower = new Follower();
    const url = `http://127.0.0.1:${apps.api.port}/v1/projects/${project}/services/one/logs`;
    const answer = await fetch(url, {
      headers: { authorization: `Bearer ${key}`, accept: 'text/event-stream' },
      signal: follower.abort.signal,
    });
    if (!answer.ok || !answer.body) throw new Error(`the log was answered with ${answer.status}`);
    void follower.read(answer.body).catch(() => undefined);
    return follower;
  }

  stop(): void {
    this.abort.abort();
  }

  private async read(body: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    let rest = '';
    for await (const chunk of body) {
      const now = performance.timeOrigin + performance.now();
      const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        const text = /^data: .*"text":"([\d.]+) x/.exec(line)?.[1];
        if (text !== undefined) this.arrived.push(now - Number(text));
      }
    }
  }
}
