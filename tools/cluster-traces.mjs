/** What is on this machine of a cluster of e2e/cluster, or of a run of its tests, and what of that is left after its end. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { commandLine, poll } from './children.mjs';

/** A killed process is there until it is reaped. */
const GONE_MS = 15_000;

/**
 * @param name of the cluster
 * @param folder where it lies
 * @param init the pid of the process that holds all of it; 0: it does not run
 * @returns `left()`: lines for people, one for each thing that is still there; to be asked after its end
 */
export function tracesOf({ name, folder, init }) {
  const family = familyOf(init).map((pid) => ({ pid, born: bornAt(pid) }));
  const groups = new Set(family.flatMap(({ pid }) => cgroupsOf(pid)));
  for (const own of cgroupsOf(process.pid)) groups.delete(own);
  const things = [`/run/netns/tow-${name}`, `/sys/class/net/tow-${name}`, folder, ...groups];
  const left = () => [
    ...family
      .filter(({ pid, born }) => born !== undefined && bornAt(pid) === born)
      .map(({ pid }) => shown(pid)),
    ...processes((pid) => commandLine(pid).includes(`${folder}/`)).map(shown),
    ...mountsBelow([folder, `/run/netns/tow-${name}`]),
    ...things.filter((thing) => existsSync(thing)),
  ];
  return { left: () => [...new Set(left())] };
}

/** Processes that were told of a folder of a run: in their command line, their environment, or by standing in it. */
export function processesOf(folder) {
  const left = () =>
    processes(
      (pid) => commandLine(pid).includes(folder) || textOf(`/proc/${pid}/environ`).includes(folder),
    ).map(shown);
  return { left };
}

/** Resolves when nothing is left. @throws Error that names what is */
export async function refuseTraces(what, { left }) {
  await poll(() => left().length === 0, GONE_MS, 100);
  const found = left();
  if (found.length > 0) throw new Error(`${what} left behind:\n${found.join('\n')}`);
}

const shown = (pid) => `process ${pid}: ${commandLine(pid).slice(0, 200)}`;

function processes(isMeant) {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry) && Number(entry) !== process.pid)
    .map(Number)
    .filter(isMeant);
}

/** It, and all that came of it. */
function familyOf(first) {
  if (!(first > 1)) return [];
  const parents = new Map(processes(() => true).map((pid) => [pid, Number(statOf(pid)[1] ?? 0)]));
  const comesOfIt = (pid) => pid === first || (pid > 1 && comesOfIt(parents.get(pid) ?? 0));
  return [...parents.keys()].filter(comesOfIt);
}

/** In ticks since the machine's start, which tells a process from a later one of the same pid; undefined: it is no more. */
const bornAt = (pid) => statOf(pid)[19];

/** What follows its name in /proc/PID/stat: state, parent … */
function statOf(pid) {
  const text = textOf(`/proc/${pid}/stat`);
  return text
    .slice(text.lastIndexOf(')') + 2)
    .split(' ')
    .filter(Boolean);
}

/** Folders of its control groups. */
function cgroupsOf(pid) {
  return textOf(`/proc/${pid}/cgroup`)
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const [, controllers = '', ...rest] = line.split(':');
      const below = controllers === '' ? unified() : controllers.replace(/^name=/, '');
      return path.join('/sys/fs/cgroup', below, rest.join(':'));
    });
}

const unified = () => (existsSync('/sys/fs/cgroup/unified') ? 'unified' : '');

function mountsBelow(folders) {
  return textOf('/proc/self/mountinfo')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((at) => folders.some((folder) => at === folder || at.startsWith(`${folder}/`)))
    .map((at) => `mount ${at}`);
}

function textOf(file) {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}
