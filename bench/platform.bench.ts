/**
 * The platform as a newcomer feels it: warm start to the first 200, cold start of the local runtime against the same
 * application started by hand, memory of every process, and what a request of a warm service costs each. Printed, without a goal.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { createServer, type AddressInfo } from 'node:net';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { callHost } from '../e2e/support/gateway.js';
import { Tenant, platform } from '../e2e/support/tenant.js';
import { until } from '../e2e/support/until.js';
import { print, spread } from './protocol.js';
import { requestCosts } from './request.cost.js';

const STARTS = Number(process.env['TOWPATH_BENCH_STARTS'] ?? 5);
const COLD_STARTS = Number(process.env['TOWPATH_BENCH_COLD_STARTS'] ?? 10);
const ROOT = process.cwd();
const PROBE = path.join(ROOT, 'e2e/apps/probe');
const DEADLINE_MS = 120_000;

const folder = mkdtempSync(path.join(tmpdir(), 'towpath-bench-platform-'));
chmodSync(folder, 0o711);
let running: ChildProcess | undefined;
try {
  const port = await freePort();
  running = await start(port);
  process.env['TOWPATH_STORY_RUN_FILE'] = path.join(folder, 'run.json');
  const tenant = await Tenant.create('bench');
  await tenant.mustDeploy('probe', { source: PROBE });
  const { service, byHand } = await coldStarts(tenant);
  const ratios = service.map((ms, index) => ms / (byHand[index] ?? NaN));
  console.log(`cold start of the local runtime, ms      ${print(spread(service))}  N ${service.length}`);
  console.log(`the same application by hand, ms         ${print(spread(byHand))}`);
  console.log(`ratio                                    ${print(spread(ratios))}`);
  printMemory();
  await printCosts(tenant);
  await end(running);
  const warm = await warmStarts(port, tenant);
  console.log(`warm start to the first 200, ms          ${print(spread(warm))}  N ${warm.length}`);
} finally {
  if (running) await end(running);
  rmSync(folder, { recursive: true, force: true });
}

/** First answers of a service at zero instances, in turn with the application started by hand. */
async function coldStarts(tenant: Tenant): Promise<{ service: number[]; byHand: number[] }> {
  const [service, byHand]: [number[], number[]] = [[], []];
  for (let round = 0; round < COLD_STARTS; round += 1) {
    await until('no instance', DEADLINE_MS, async () =>
      (await tenant.revisions('probe')).every((revision) => revision.status.instances === 0),
    );
    service.push(await timed(() => tenant.call('probe')));
    byHand.push(await timedByHand());
  }
  return { service, byHand };
}

async function timed(work: () => Promise<{ status: number }>): Promise<number> {
  const begin = performance.now();
  const { status } = await work();
  if (status !== 200) throw new Error(`answered ${status}`);
  return performance.now() - begin;
}

/** The start script's program to its first 200, asked every 2 ms: what the local runtime does for an instance. */
async function timedByHand(): Promise<number> {
  const port = await freePort();
  const begin = performance.now();
  const child = spawn('node', ['server.js'], {
    cwd: PROBE,
    env: { PATH: process.env['PATH'], HOME: folder, PORT: String(port) },
    detached: true,
    stdio: 'ignore',
  });
  try {
    while (!(await answers(port))) await new Promise((resolve) => setTimeout(resolve, 2));
    return performance.now() - begin;
  } finally {
    if (child.pid) process.kill(-child.pid, 'SIGKILL');
  }
}

async function answers(port: number): Promise<boolean> {
  try {
    return (await callHost(port, 'localhost', '/')).status === 200;
  } catch {
    return false;
  }
}

/** From the starter's spawn, with all data there, to the first 200 of a service. */
async function warmStarts(port: number, tenant: Tenant): Promise<number[]> {
  const times: number[] = [];
  for (let round = 0; round < STARTS; round += 1) {
    const begin = performance.now();
    const starting = start(port);
    await until('the first 200', DEADLINE_MS, async () => (await tenant.call('probe')).status === 200);
    times.push(performance.now() - begin);
    running = await starting;
    await end(running);
  }
  return times;
}

function printMemory(): void {
  for (const [name, pid] of Object.entries(platform().pids())) {
    const rss = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '0';
    console.log(`resident memory of ${name.padEnd(21)} ${(Number(rss) / 1024).toFixed(0)} MiB`);
  }
}

/** The way of a request and the way of its usage: gateway, hub and what stores for them. */
async function printCosts(tenant: Tenant): Promise<void> {
  await tenant.mustDeploy('warm', { source: PROBE, service: { minInstances: 1 } });
  await until('a warm answer', DEADLINE_MS, async () => (await tenant.call('warm')).status === 200);
  const { gatewayPort: at, pids } = platform();
  const requests = [`GET / HTTP/1.1\r\nhost: ${tenant.host('warm')}\r\nuser-agent: bench\r\n\r\n`];
  for (const [name, micros] of await requestCosts({ port: at, requests }, pids()))
    console.log(`CPU time a request of ${name.padEnd(19)} ${micros.toFixed(0)} us`);
}

async function start(port: number): Promise<ChildProcess> {
  const child = spawn('node', ['tools/start.mjs', '--empty', '--port', String(port), '--data', folder], {
    cwd: ROOT,
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, TOWPATH_SCALE_WINDOW_SECONDS: '6' },
  });
  for await (const line of createInterface({ input: child.stdout as NodeJS.ReadableStream })) {
    if (line.includes('Towpath is up')) break;
  }
  child.stdout?.resume();
  if (child.exitCode !== null) throw new Error('the platform did not start');
  return child;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGINT');
  await ended;
}

/** A port whose next one is free too: the API and the gateway. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
