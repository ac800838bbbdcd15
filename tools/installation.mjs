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

  makeFolders() {
    this.#makeDataFolder();
    // as root, PostgreSQL runs as another user, who must be able to pass
    chmodSync(this.dir, 0o711);
    for (const name of ['keys', 'logs', 'agent', 'gateway', 'blobs'])
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
  async choosePorts(api) {
    const before = this.lastRun()?.ports ?? {};
    const ports = { api, gateway: api + 1, gatewayTls: api + 2 };
    for (const name of INTERNAL_PORTS) {
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
