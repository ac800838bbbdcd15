import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  bootId,
  environmentHolds,
  markedProcesses,
  readProcess,
  scanProcesses,
  signalOne,
  treeOf,
  type HostProcess,
} from './host.processes.js';

interface InstanceRecord {
  instanceId: string;
  pid: number;
  startTicks: number;
  bootId: string;
}

const POLL_MS = 20;

/**
 * What the driver keeps on disk: a record of each running instance, so that a later run of the agent finds it again,
 * a home folder for each, and a mark for each revision that once became ready.
 */
export class InstanceLedger {
  private readonly records: string;
  private readonly homes: string;
  private readonly ready: string;

  constructor(dataDir: string) {
    this.records = join(dataDir, 'instances');
    this.homes = join(dataDir, 'homes');
    this.ready = join(dataDir, 'ready');
    for (const folder of [this.records, this.homes, this.ready]) mkdirSync(folder, { recursive: true });
  }

  /** Makes the instance's home; its path in the environment also marks every process of the instance as ours. */
  makeHome(instanceId: string): string {
    const home = join(this.homes, instanceId);
    mkdirSync(home, { recursive: true });
    return home;
  }

  write(instanceId: string, pid: number): void {
    const startTicks = readProcess(pid)?.startTicks;
    if (startTicks === undefined) return;
    const record: InstanceRecord = { instanceId, pid, startTicks, bootId: bootId() };
    writeFileSync(join(this.records, `${instanceId}.json`), JSON.stringify(record));
  }

  forget(instanceId: string): void {
    rmSync(join(this.records, `${instanceId}.json`), { force: true });
    rmSync(join(this.homes, instanceId), { recursive: true, force: true });
  }

  wasReady(revisionId: string): boolean {
    return existsSync(join(this.ready, revisionId));
  }

  markReady(revisionId: string): void {
    writeFileSync(join(this.ready, revisionId), '');
  }

  forgetRevision(revisionId: string): void {
    rmSync(join(this.ready, revisionId), { force: true });
  }

  /** Ends what a former run left behind; returns the ids of the instances that were still alive. */
  async endOrphans(graceMs: number): Promise<string[]> {
    const records = readdirSync(this.records).flatMap((name) => readRecord(join(this.records, name)));
    const known = new Set(records.map((record) => record.instanceId));
    // A crash between starting an instance and writing its record leaves only its home to know it by.
    const unwritten = readdirSync(this.homes).filter((instanceId) => !known.has(instanceId));
    const orphans = [
      ...records.map((record) => ({ id: record.instanceId, members: () => this.membersOf(record) })),
      ...unwritten.map((id) => ({ id, members: () => markedProcesses(join(this.homes, id)) })),
    ];
    const ended = await Promise.all(orphans.map(({ members }) => endAll(members, graceMs)));
    for (const name of readdirSync(this.records)) rmSync(join(this.records, name), { force: true });
    for (const name of readdirSync(this.homes))
      rmSync(join(this.homes, name), { recursive: true, force: true });
    return orphans.filter((_, i) => ended[i]).map(({ id }) => id);
  }

  /** Processes that are surely the instance's: its leader by pid and start, the rest by its home in their environment. */
  private membersOf(record: InstanceRecord): HostProcess[] {
    if (record.bootId !== bootId()) return [];
    const leader = readProcess(record.pid);
    const tree = treeOf(record.pid, scanProcesses());
    if (leader?.startTicks === record.startTicks) return tree;
    const home = join(this.homes, record.instanceId);
    return tree.filter((member) => member.pid !== record.pid && environmentHolds(member.pid, home));
  }
}

/** SIGTERM, then SIGKILL to what is left after the grace. False when there was nothing. */
async function endAll(members: () => HostProcess[], graceMs: number): Promise<boolean> {
  let left = members();
  if (left.length === 0) return false;
  for (const member of left) signalOne(member.pid, 'SIGTERM');
  for (let waited = 0; left.some(isAlive); waited += POLL_MS) {
    if (waited >= graceMs + 1000) break;
    if (waited >= graceMs) for (const member of left.filter(isAlive)) signalOne(member.pid, 'SIGKILL');
    await delay(POLL_MS);
    left = [...left, ...members().filter((m) => !left.some((l) => l.pid === m.pid))];
  }
  return true;
}

function isAlive(process: HostProcess): boolean {
  return readProcess(process.pid)?.startTicks === process.startTicks;
}

function readRecord(path: string): InstanceRecord[] {
  try {
    return [JSON.parse(readFileSync(path, 'utf8')) as InstanceRecord];
  } catch {
    // Cut short by a crash while it was written: there is no pid to trust in it.
    return [];
  }
}
