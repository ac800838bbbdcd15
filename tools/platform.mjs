/** A whole platform on this machine: servers, migrations, processes. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Obstacle, isPortFree } from './children.mjs';
import { Installation, laterReplicas, nth } from './installation.mjs';
import { fullCredentials, startNats } from './nats.mjs';
import { watchStore } from './nats-store.mjs';
import { ensureDatabase, startPostgres } from './postgres.mjs';
import { folderOf, launchers, startOrder, stopOrder } from './processes.mjs';
import { runNode } from './stages.mjs';
import { Supervisor } from './supervisor.mjs';

export const DATABASE = 'towpath';
const ACCOUNT = 'TOWPATH';

/**
 * Starts everything below `dataDir`; `port` is the API's, the gateway's are the next two: HTTP, HTTPS. Of `replicas` > 1
 * the later ones have free ports, kept from start to start. Of `clusters` > 1 each later one has an agent of its own.
 * What was started is in `stopping` at once, so a failing or interrupted start can be undone.
 */
export class Platform {
  constructor({ dataDir, port, replicas, clusters, domain, https, longestPauseMs, say }) {
    this.installation = new Installation(path.resolve(dataDir));
    Object.assign(this, { port, replicas, clusters, domain, https, say });
    this.supervisor = new Supervisor({ say, onChange: (pids) => this.#record(pids), longestPauseMs });
  }

  /** Everything that would stop a start, before anything has started. @throws Obstacle */
  async check() {
    this.installation.refuseSecondStarter();
    this.installation.makeFolders(this.replicas, this.clusters);
    const stopped = await this.installation.stopLeftovers();
    if (stopped > 0) this.say(`stopped ${stopped} processes that a killed start had left behind`);
    for (const [port, what] of [
      [this.port, 'the API'],
      [this.port + 1, 'the gateway, HTTP'],
      [this.port + 2, 'the gateway, HTTPS'],
    ]) {
      if (await isPortFree(port)) continue;
      throw new Obstacle(
        `Port ${port} (${what}) is taken: stop what uses it, or choose others with \`npm start -- --port ${this.port + 1000}\`.`,
      );
    }
    this.ports = await this.installation.choosePorts(this.port, this.replicas, this.clusters);
  }

  async start() {
    const database = await this.#startDatabase();
    const nats = await this.#startNats();
    await migrate(this.installation, database.ownerUrl);
    this.say('database schema up to date');
    this.installation.secret('master.key');
    const launch = launchers({ ...this, database, nats });
    for (const names of startOrder(this)) {
      await Promise.all(
        names.map((name) => this.#unlessStopping(() => this.supervisor.start(name, launch[name]))),
      );
      if (names.includes('identity')) this.#takeBootstrap();
      if (names.includes('api')) await this.#makeClusters();
      this.say(`${names.join(', ')} up`);
    }
  }

  stop() {
    return this.supervisor.stopInOrder(stopOrder(this));
  }

  /** A start that was interrupted must not start more. */
  #unlessStopping(work) {
    if (this.supervisor.stopping) throw new Obstacle('The start was interrupted.');
    return work();
  }

  async #startDatabase() {
    const owner = process.env.DATABASE_URL ?? (await this.#startPostgres());
    const login = (user) => {
      const url = new URL(owner);
      url.username = `towpath_${user}`;
      url.password = this.installation.secret(`${user}.password`);
      return url.href;
    };
    return { ownerUrl: owner, apiUrl: login('api'), systemUrl: login('system') };
  }

  async #startPostgres() {
    const options = {
      dir: this.installation.at('postgres'),
      port: this.ports.postgres,
      password: this.installation.secret('postgres.password'),
      settings: [`max_connections=${100 * this.replicas}`],
    };
    const server = await this.#unlessStopping(() =>
      this.supervisor.start('postgres', (onSpawn) => startPostgres({ ...options, onSpawn })),
    );
    await ensureDatabase(server.url('postgres'), DATABASE);
    this.say('PostgreSQL up');
    return server.url(DATABASE);
  }

  async #startNats() {
    const { NATS_URL: url, NATS_ACCOUNT_SEED: seed } = process.env;
    if (url !== undefined && seed !== undefined) return this.#natsFiles(url, seed);
    const options = { dir: this.installation.at('nats'), port: this.ports.nats, accounts: [ACCOUNT] };
    const server = await this.#unlessStopping(() =>
      this.supervisor.start('nats', async (onSpawn) => {
        const server = await startNats({ ...options, onSpawn });
        watchStore({ child: server.child, dir: options.dir, restart: () => this.#restartNats() });
        return server;
      }),
    );
    this.say('nats-server up');
    return this.#natsFiles(server.url, server.seeds[ACCOUNT]);
  }

  #restartNats() {
    this.say('nats-server was out of space and has some again');
    this.supervisor.restart('nats');
  }

  async #natsFiles(url, seed) {
    const credsFile = this.installation.writeKey('hub.creds', await fullCredentials(seed, 'hub'));
    return { url, credsFile, seedFile: this.installation.writeKey('account.seed', seed) };
  }

  /** What identity made on its first run: the operator's key, and tokens with which the others join. */
  #takeBootstrap() {
    const file = this.installation.at('keys/bootstrap.json');
    if (!existsSync(file))
      throw new Obstacle(`identity wrote no ${file}: does this data folder belong to another database?`);
    this.bootstrap = JSON.parse(readFileSync(file, 'utf8'));
    for (const [kind, token] of Object.entries(this.bootstrap.joinTokens))
      this.installation.writeKey(`${kind}.token`, token);
  }

  /** A cluster that is not there yet is made as an operator makes it: a region of its own, and a token for its agent. */
  async #makeClusters() {
    for (const name of laterReplicas(this.clusters).map((cluster) => nth('agent', cluster))) {
      const file = this.installation.at(`keys/${name}.token`);
      if (existsSync(file)) continue;
      const place = name.replace('agent', 'local');
      const runtime = process.env.TOWPATH_RUNTIME ?? 'local';
      // there already when a start was cut off before it had kept the token
      await this.#ask('/v1/clusters', { name: place, region: place, provider: 'local', runtime }, [409]);
      const { token } = await this.#ask(`/v1/clusters/${place}/join-tokens`, {});
      this.installation.writeKey(`${name}.token`, token);
    }
  }

  async #ask(path, body, known = []) {
    const answer = await fetch(`http://127.0.0.1:${this.ports.api}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${this.bootstrap.operatorKey}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!answer.ok && !known.includes(answer.status))
      throw new Obstacle(`The API answered ${answer.status} to ${path}: ${await answer.text()}`);
    return answer.json();
  }

  #record(pids) {
    const { api, agent } = this.ports;
    const at = (port, rest = '') => `http://127.0.0.1:${port}${rest}`;
    const replicas = [1, ...laterReplicas(this.replicas)].flatMap((replica) => this.#urlsOf(replica));
    this.run = {
      pid: process.pid,
      pids,
      ports: this.ports,
      domain: this.domain,
      urls: {
        api: at(api),
        docs: at(api, '/docs'),
        graphql: at(api, '/graphql'),
        ...Object.fromEntries(replicas),
        agent: at(agent),
      },
      operatorKey: this.bootstrap?.operatorKey,
      project: this.bootstrap?.project,
    };
    this.installation.writeRun(this.run);
  }

  /** Where the processes of one replica are reached, by name; the first ones have no number. */
  #urlsOf(replica) {
    const plain = ['api', 'gateway', 'identity', 'deployer', 'billing', 'gatewayProcess', 'envoyAdmin'];
    const url = (name, scheme) => {
      const named = nth(name, replica);
      return [named, `${scheme}://127.0.0.1:${this.ports[named]}`];
    };
    return [...plain.map((name) => url(name, 'http')), url('gatewayTls', 'https')];
  }
}

/** Brings roles and schema up to date. @throws Obstacle */
export async function migrate(installation, ownerUrl) {
  const folder = folderOf('migrations');
  const env = {
    DATABASE_URL: ownerUrl,
    TOWPATH_MIGRATIONS_DIR: path.join(folder, 'prisma/migrations'),
    TOWPATH_API_PASSWORD: installation.secret('api.password'),
    TOWPATH_SYSTEM_PASSWORD: installation.secret('system.password'),
  };
  const program = path.join(folder, 'dist/libs/store/src/migrate.main.js');
  const { code, output } = await runNode([program], { env, quiet: true });
  if (code !== 0) throw new Obstacle(`The migrations failed:\n${output.trim()}`);
}
