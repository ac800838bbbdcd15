import { readFileSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';

/** Pids of processes of this machine that carry the mark in their environment (local runtime). */
export function processesMarked(mark: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => (textOf(`/proc/${pid}/environ`) ?? '').includes(mark))
    .map(Number);
}

/** Files of the agents below the platform's data folder that hold the mark: targets and records of instances. */
export function filesNaming(dataDir: string, mark: string): string[] {
  const found: string[] = [];
  const walk = (folder: string): void => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const at = path.join(folder, entry.name);
      if (entry.isDirectory()) walk(at);
      else if (entry.isFile() && statSync(at).size < 1_000_000 && textOf(at)?.includes(mark)) found.push(at);
    }
  };
  for (const entry of readdirSync(dataDir)) if (entry.startsWith('agent')) walk(path.join(dataDir, entry));
  return found;
}

/** Undefined when it vanished or may not be read. */
function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return undefined;
  }
}
