import { readFileSync, readdirSync, type Dirent } from 'node:fs';
import path from 'node:path';

/** Every process of this machine. */
export function everyPid(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** Pids of processes of this machine that carry the mark in their environment (local runtime). */
export function processesMarked(mark: string): number[] {
  return everyPid().filter((pid) => (textOf(`/proc/${pid}/environ`) ?? '').includes(mark));
}

/** The words of its command line; none when it has ended. */
export function wordsOf(pid: number): string[] {
  return (textOf(`/proc/${pid}/cmdline`) ?? '').split('\0');
}

/** What it started itself, and still runs. */
export function childrenOf(parent: number): number[] {
  return everyPid().filter((pid) => parentOf(pid) === parent);
}

/** It, and all that came of it and still runs. */
export function familyOf(first: number): number[] {
  const parents = new Map(everyPid().map((pid) => [pid, parentOf(pid)]));
  const comesOfIt = (pid = 0): boolean => pid === first || (pid > 1 && comesOfIt(parents.get(pid)));
  return [...parents.keys()].filter((pid) => comesOfIt(pid));
}

/** @returns false when it ended in between */
export function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    return pid > 1 && process.kill(pid, name);
  } catch {
    return false;
  }
}

/** 0 when it has ended. */
function parentOf(pid: number): number {
  return Number(/^PPid:\s+(\d+)/m.exec(textOf(`/proc/${pid}/status`) ?? '')?.[1] ?? 0);
}

/** Files below the platform's data folder that hold the mark; `only` names its sub-folders, all when absent. */
export function filesNaming(dataDir: string, mark: string, only?: readonly string[]): string[] {
  const found: string[] = [];
  const walk = (folder: string): void => {
    for (const entry of entriesOf(folder)) {
      const at = path.join(folder, entry.name);
      if (entry.isDirectory()) walk(at);
      else if (entry.isFile() && textOf(at)?.includes(mark)) found.push(at);
    }
  };
  for (const folder of only ?? ['.']) walk(path.join(dataDir, folder));
  return found;
}

/** What is in a folder; nothing when it went meanwhile. */
export function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** Undefined when it vanished or may not be read. */
function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return undefined;
  }
}
