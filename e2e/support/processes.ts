import { readFileSync, readdirSync, type Dirent } from 'node:fs';
import path from 'node:path';

/** Pids of processes of this machine that carry the mark in their environment (local runtime). */
export function processesMarked(mark: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => (textOf(`/proc/${pid}/environ`) ?? '').includes(mark))
    .map(Number);
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
