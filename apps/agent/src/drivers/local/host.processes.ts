import { readFileSync, readdirSync, readlinkSync } from 'node:fs';

/** One process of this machine, as /proc/<pid>/stat shows it. */
export interface HostProcess {
  pid: number;
  parent: number;
  group: number;
  session: number;
  /** Clock ticks since boot; with the pid it names a process for good. */
  startTicks: number;
}

/** Reads one line of /proc/<pid>/stat. The name in it may hold spaces and brackets; fields count from its last `)`. */
export function parseStat(pid: number, stat: string): HostProcess {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return {
    pid,
    parent: Number(fields[1]),
    group: Number(fields[2]),
    session: Number(fields[3]),
    startTicks: Number(fields[19]),
  };
}

/** Undefined when there is no such process any more. */
export function readProcess(pid: number): HostProcess | undefined {
  const stat = readOrNothing(`/proc/${pid}/stat`);
  // A zombie is only a number that nobody has fetched yet.
  return stat === '' || isZombie(stat) ? undefined : parseStat(pid, stat);
}

/** Every process this machine shows us; takes a few milliseconds, so not for the path of a request. */
export function scanProcesses(): HostProcess[] {
  const rows: HostProcess[] = [];
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid)) continue;
    const row = readProcess(pid);
    if (row) rows.push(row);
  }
  return rows;
}

/** The processes that belong to a leader: its session, its group, and what any of them started. */
export function treeOf(leader: number, rows: readonly HostProcess[]): HostProcess[] {
  const members = new Set<number>([leader]);
  let before = 0;
  while (before !== members.size) {
    before = members.size;
    for (const row of rows) {
      if (row.session === leader || row.group === leader || members.has(row.parent)) members.add(row.pid);
    }
  }
  return rows.filter((row) => members.has(row.pid));
}

/** Resident memory in bytes; 0 when the process is gone. */
export function residentBytes(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readOrNothing(`/proc/${pid}/status`))?.[1];
  return kib === undefined ? 0 : Number(kib) * 1024;
}

/** TCP ports the processes listen on, ascending. */
export function listeningPorts(pids: readonly number[]): number[] {
  const inodes = new Set(pids.flatMap(socketInodes));
  const tables = ['tcp', 'tcp6'].flatMap((name) => readOrNothing(`/proc/net/${name}`).split('\n'));
  const ports = tables.flatMap((line) => {
    const port = listeningPort(line, inodes);
    return port === undefined ? [] : [port];
  });
  return [...new Set(ports)].sort((a, b) => a - b);
}

/** One line of /proc/net/tcp: `sl local rem st … uid timeout inode`; state 0A is LISTEN. */
export function listeningPort(line: string, inodes: ReadonlySet<string>): number | undefined {
  const fields = line.trim().split(/\s+/);
  if (fields[3] !== '0A' || !inodes.has(fields[9] ?? '')) return undefined;
  return Number.parseInt((fields[1] ?? '').split(':')[1] ?? '', 16);
}

/** Whether the process was started with this text in its environment. */
export function environmentHolds(pid: number, text: string): boolean {
  return readOrNothing(`/proc/${pid}/environ`).includes(text);
}

/** Every process that was started with this text in its environment, and that we may look into. */
export function markedProcesses(text: string): HostProcess[] {
  return scanProcesses().filter(({ pid }) => environmentHolds(pid, text));
}

/** Changes with every boot: start ticks compare within one boot only. */
export function bootId(): string {
  return readOrNothing('/proc/sys/kernel/random/boot_id').trim();
}

/** Sends a signal to a process group; false when nothing of it is left. */
export function signalGroup(leader: number, signal: NodeJS.Signals | 0): boolean {
  return signalOne(-leader, signal);
}

/** Sends a signal to one process; false when it is gone. */
export function signalOne(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}

function isZombie(stat: string): boolean {
  return stat.startsWith('Z', stat.lastIndexOf(')') + 2);
}

function socketInodes(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      const inode = /^socket:\[(\d+)\]$/.exec(linkOrNothing(`/proc/${pid}/fd/${fd}`))?.[1];
      return inode === undefined ? [] : [inode];
    });
  } catch {
    return [];
  }
}

function linkOrNothing(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

function readOrNothing(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    // The process may end between listing and reading.
    return '';
  }
}
