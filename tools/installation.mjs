/** The data folder of one installation: its secrets, its ports, and run.json, which says what runs where. */
import { randomBytes } from 'node:crypto';
import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { Obstacle, commandLine, freePort, isPortFree, stopLeftover } from './children.mjs';

const INTERNAL_PORTS = [
  'postgres',
  'nats',
  'identity',
  'deployer',
  'billing',
  'gatewayProcess',
  'agent',
  'envoyAdmin',
  'xds',
];
/** What a second and later replica of the hub's processes and of the gateway gets ports for. */
const REPLICATED_PORTS = [
  'api',
  'gateway',
  'gatewayTls',
  'identity',
  'deployer',
  'billing',
  'gatewayProcess',
  'envoyAdmin',
  'xds',
];

/** The name of the nth replica of something: the first one has no number. */
export const nth = (name, replica) => (replica === 1 ? name : `${name}-${replica}`);

/** 2 … n. */
export const laterReplicas = (replicas) => Array.from({ length: replicas - 1 }, (_one, index) => index + 2);

export class Installation {
  constructor(dir) {
    this.dir = dir;
  }

  at(...names) {
    return path.join(this.dir, ...names);
  }

  get runFile() {
    return this.at('run.json');
  }

  makeFolders(replicas = 1, clusters = 1) {
    this.#makeDataFolder();
    // as root, PostgreSQL runs as another user, who must be able to pass
    chmodSync(this.dir, 0o711);
    const gateways = laterReplicas(replicas).map((replica) => nth('gateway', replica));
    const agents = laterReplicas(clusters).map((cluster) => nth('agent', cluster));
    for (const name of ['keys', 'logs', 'agent', 'gateway', 'blobs', ...gateways, ...agents])
      mkdirSync(this.at(name), { recursive: true, mode: 0o700 });
  }

  /** Folder by folder: a recursive mkdir of Node 24 never returns where nothing can be made (/proc). @throws Obstacle */
  #makeDataFolder() {
    const missing = [];
    for (let dir = this.dir; !existsSync(dir); dir = path.dirname(dir)) missing.unshift(dir);
    try {
      for (const dir of missing) mkdirSync(dir);
      accessSync(this.dir, constants.W_OK);
      readdirSync(this.dir);
    } catch (error) {
      throw new Obstacle(
        `The data folder ${this.dir} cannot be used (${error.code}): choose another one with \`npm start -- --data DIR\`.`,
      );
    }
  }

  /** What the last start wrote, or undefined. */
  lastRun() {
    if (!existsSync(this.runFile)) return undefined;
    try {
      return JSON.parse(readFileSync(this.runFile, 'utf8'));
    } catch {
      return undefined;
    }
  }

  /** One starter a folder. @throws Obstacle */
  refuseSecondStarter() {
    const run = this.lastRun();
    if (run === undefined || run.pid === process.pid || !commandLine(run.pid).includes('start.mjs')) return;
    throw new Obstacle(
      `Towpath runs already with the data in ${this.dir} (pid ${run.pid}, API ${run.urls.api}): use that one, stop it, or choose another folder with --data.`,
    );
  }

  /** Ends what a killed starter left running; everything it starts names the data folder in its command line. */
  async stopLeftovers() {
    const pids = Object.entries(this.lastRun()?.pids ?? {});
    const stopped = await Promise.all(
      pids.map(([name, pid]) => stopLeftover(pid, this.dir, name === 'postgres' ? 'SIGINT' : 'SIGTERM')),
    );
    return stopped.filter(Boolean).length;
  }

  /** Ports of the last start where they are still free, so that what joined finds the same addresses again. */
  async choosePorts(api, replicas, clusters) {
    const before = this.lastRun()?.ports ?? {};
    const ports = { api, gateway: api + 1, gatewayTls: api + 2 };
    const later = laterReplicas(replicas).flatMap((replica) =>
      REPLICATED_PORTS.map((name) => nth(name, replica)),
    );
    const agents = laterReplicas(clusters).map((cluster) => nth('agent', cluster));
    for (const name of [...INTERNAL_PORTS, ...later, ...agents]) {
      const known = before[name];
      const usable =
        known !== undefined && !Object.values(ports).includes(known) && (await isPortFree(known));
      ports[name] = usable ? known : await this.#freshPort(ports);
    }
    return ports;
  }

  async #freshPort(taken) {
    for (;;) {
      const port = await freePort();
      if (!Object.values(taken).includes(port)) return port;
    }
  }

  /** A secret of this installation, made once. */
  secret(name) {
    const file = this.at('keys', name);
    if (!existsSync(file)) this.writeKey(name, randomBytes(32).toString('hex'));
    return readFileSync(file, 'utf8').trim();
  }

  /** Writes a file only its owner can read; returns its path. */
  writeKey(name, content) {
    const file = this.at('keys', name);
    writeFileSync(file, content, { mode: 0o600 });
    return file;
  }

  writeRun(run) {
    const fresh = `${this.runFile}.new`;
    // it holds the operator's key
    writeFileSync(fresh, `${JSON.stringify(run, null, 2)}\n`, { mode: 0o600 });
    renameSync(fresh, this.runFile);
  }
}
