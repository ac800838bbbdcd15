import { setTimeout as pause } from 'node:timers/promises';
import { until } from '#libs/testing';
import { httpRequest, makeServices, makeTenant, type BenchTenant } from './api.bed.js';
import type { HubBed } from './hub.bed.js';
import { Generator } from './load/processes.js';
import { pin } from './protocol.js';
import type { Quiet } from './quiet.js';

/** Neighbours of the noisy one. */
const NEIGHBOURS = 4;
/** Each begins a deploy a second, within what the API lets one organization begin: it is not its own pace that is measured. */
const QUIET_EVERY_MS = 1_000 / NEIGHBOURS;
/** Requests that the noisy one has on its way at any time: it takes whatever it can get. */
const NOISY_CONNECTIONS = 32;
const SLICE_MS = Number(process.env['BENCH_FAIR_DEPLOYS_MS'] ?? 10_000);
const SERVICES = { quiet: 10, noisy: 100 };
const SETTLED_MS = 120_000;

/** Deploys of a few organizations by turns at their own rate, each from its request to the end of its operation. */
export async function quietDeploys(bed: HubBed): Promise<Quiet> {
  const { database, apps } = bed;
  const neighbours: Neighbour[] = [];
  for (let one = 1; one <= NEIGHBOURS; one += 1) {
    const tenant = await makeTenant(database, `quiet-${one}`);
    neighbours.push({ tenant, names: await makeServices(apps.api, tenant, SERVICES.quiet) });
  }
  const noisy = await makeTenant(database, 'noisy');
  const others = await makeServices(apps.api, noisy, SERVICES.noisy);
  const beside = new Generator();
  pin(beside.pid, 1);
  const requests = others.map((name) =>
    httpRequest(noisy, 'PATCH', at(noisy, name), changeTo('@@@@@@@@'), 'application/merge-patch+json'),
  );
  const told: Record<string, number> = {};
  await settled(bed);
  let [turn, due] = [0, 0];

  const quiet = async (): Promise<number[]> => {
    due = Math.max(due, performance.now());
    const asked: Promise<Deploy>[] = [];
    for (const end = due + SLICE_MS; due < end; due += QUIET_EVERY_MS) {
      await pause(Math.max(0, due - performance.now()));
      asked.push(deploy(bed, neighbours, turn++));
    }
    return timesOf(bed, await Promise.all(asked));
  };
  return {
    name: 'deploys',
    alone: quiet,
    beside: async () => {
      const order = { port: apps.api.port, requests, connections: NOISY_CONNECTIONS, millis: SLICE_MS };
      const noise = beside.run(order);
      const mine = await quiet();
      for (const [status, count] of Object.entries((await noise).statuses))
        told[status] = (told[status] ?? 0) + count;
      await settled(bed);
      return mine;
    },
    about: () => `answers to the noisy one in all: ${JSON.stringify(told)}`,
    stop: () => beside.stop(),
  };
}

interface Neighbour {
  tenant: BenchTenant;
  names: string[];
}

interface Deploy {
  id: string;
  /** When it was asked for, UTC ms. */
  askedAt: number;
}

const at = ({ project }: BenchTenant, name: string): string => `/v1/projects/${project}/services/${name}`;
const changeTo = (value: string): object => ({ template: { env: [{ name: 'VALUE', value }] } });

/** The neighbours in turn, and each of them its services in turn. */
async function deploy({ apps }: HubBed, neighbours: Neighbour[], turn: number): Promise<Deploy> {
  const { tenant, names } = neighbours[turn % NEIGHBOURS] as Neighbour;
  const name = names[Math.floor(turn / NEIGHBOURS) % names.length] ?? '';
  const askedAt = Date.now();
  const answer = await fetch(`http://127.0.0.1:${apps.api.port}${at(tenant, name)}`, {
    method: 'PATCH',
    headers: { authorization: `Bearer ${tenant.key}`, 'content-type': 'application/merge-patch+json' },
    body: JSON.stringify(changeTo(crypto.randomUUID())),
  });
  if (answer.status !== 202) throw new Error(`a deploy was answered with ${answer.status}`);
  return { id: ((await answer.json()) as { id: string }).id, askedAt };
}

/** What the rows say of the ends: nobody asks while it is measured. */
async function timesOf({ database }: HubBed, deploys: Deploy[]): Promise<number[]> {
  const ids = deploys.map(({ id }) => id);
  const ended = await until(
    async () => {
      const rows = await database.query<{ id: string; status: string; finished_at: Date | null }>(
        'SELECT id, status, finished_at FROM operations WHERE id = ANY ($1)',
        [ids],
      );
      return rows.every((row) => row.finished_at !== null) ? rows : undefined;
    },
    { what: 'the ends of the deploys', deadlineMs: SETTLED_MS },
  );
  const failed = ended.filter(({ status }) => status !== 'succeeded');
  if (failed.length > 0) throw new Error(`${failed.length} deploys of the quiet ones failed`);
  const at = new Map(ended.map((row) => [row.id, row.finished_at?.getTime() ?? 0]));
  return deploys.map(({ id, askedAt }) => (at.get(id) ?? 0) - askedAt);
}

/** Nothing of anybody is left to do. */
async function settled({ database }: HubBed): Promise<void> {
  await until(
    async () => {
      const [row] = await database.query<{ open: number }>(
        'SELECT count(*)::int AS open FROM operations WHERE finished_at IS NULL',
      );
      return row?.open === 0;
    },
    { what: 'the end of all deploys', deadlineMs: SETTLED_MS },
  );
}
