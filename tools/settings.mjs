/**
 * What each process reads of its environment, from the one list of it, contracts/README.md.
 * `node tools/settings.mjs` prints, by process, what of its own environment it hands on.
 */
import { readFileSync } from 'node:fs';
import { inRoot } from './stamp.mjs';

/** What every program may know of the person's environment. The rest could hold anything. */
const MACHINE = ['PATH', 'HOME', 'LANG', 'TZ', 'TMPDIR', 'NODE_ENV', 'NODE_EXTRA_CA_CERTS'];
const PROCESSES = ['api', 'identity', 'deployer', 'billing', 'agent', 'gateway'];

if (process.argv[1] === import.meta.filename)
  console.log(JSON.stringify(Object.fromEntries(PROCESSES.map((kind) => [kind, handedOn(kind)]))));

/** Of this process' environment what one of the kind is given: what it reads. Of other programs (Envoy): of the machine only. */
export function handedOn(kind) {
  const names = [...MACHINE, ...settingsOf(kind)].filter((name) => process.env[name] !== undefined);
  return Object.fromEntries(names.map((name) => [name, process.env[name]]));
}

/** Rows of the table: names, who reads them, what they mean. What is for tests only is planted (faults.mjs). */
function settingsOf(kind) {
  const rows = readFileSync(inRoot('contracts/README.md'), 'utf8').matchAll(/^\| (`[A-Z].*?) \| (.*?) \|/gm);
  return [...rows].flatMap(([, names, who]) => {
    const readers = who.split(', ');
    const isRead = readers.includes(kind) || (readers.includes('all') && PROCESSES.includes(kind));
    if (!isRead || readers.includes('tests only')) return [];
    return [...names.matchAll(/`([A-Z_]+)`/g)].map(([, name]) => name);
  });
}
