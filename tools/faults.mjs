/**
 * Faults that a test plants in the next start of a process: `<name>.json` in the folder TOWPATH_FAULTS_DIR, each used
 * once. `env` is added to the process's environment; `ports` sends it to other ports of this machine, where a proxy is.
 */
import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';

/** The environment a process starts with, with the faults that are planted for it. */
export function withFaults(name, environment) {
  const { env = {}, ports = {} } = take(name) ?? {};
  const elsewhere = Object.entries(environment).map(([key, value]) => [key, moved(value, ports)]);
  return { ...Object.fromEntries(elsewhere), ...env };
}

function take(name) {
  const { TOWPATH_FAULTS_DIR: dir } = process.env;
  if (dir === undefined) return undefined;
  const file = path.join(dir, `${name}.json`);
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  } finally {
    rmSync(file, { force: true });
  }
}

const moved = (value, ports) =>
  value.replace(/(127\.0\.0\.1:)(\d+)/g, (_all, host, port) => `${host}${ports[port] ?? port}`);
