import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname, '../../..');

/** Names of the settings that `npm start` hands a process of that kind on, of an environment that has all of contracts/README.md; sorted. */
export function settingsHandedOn(kind: string): string[] {
  const contract = readFileSync(path.join(ROOT, 'contracts/README.md'), 'utf8');
  const names = contract.match(/\b(TOWPATH_[A-Z_]+|NATS_URL)\b/g) ?? [];
  const env = Object.fromEntries(['NODE_ENV', ...names].map((name) => [name, 'set']));
  const printed = execFileSync(process.execPath, [path.join(ROOT, 'tools/settings.mjs')], {
    env,
    encoding: 'utf8',
  });
  const all = JSON.parse(printed) as Record<string, Record<string, string>>;
  return Object.keys(all[kind] ?? {}).sort();
}
