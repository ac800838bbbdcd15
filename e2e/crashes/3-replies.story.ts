import { Api } from '../support/api.js';
import { crashRuns, crashSeed, seededNumbers } from '../support/chance.js';
import type { ProcessName } from '../support/faults.js';
import { Storm } from '../support/invariants.js';
import { Person, type SignedInJson } from '../support/person.js';
import { ReplyCutter, type Reply } from '../support/reply.cutter.js';
import { until } from '../support/until.js';

/** Who is told nothing, and by whom. */
const CUT: [ProcessName, 'postgres' | 'nats', Reply][] = [
  ['api', 'postgres', 'COMMIT'],
  ['identity', 'postgres', 'COMMIT'],
  ['deployer', 'postgres', 'COMMIT'],
  ['deployer', 'nats', 'PubAck'],
  ['billing', 'postgres', 'COMMIT'],
  ['gateway', 'nats', 'PubAck'],
  ['agent', 'nats', 'PubAck'],
];
const CUTS = 3 * crashRuns();
/** One of so many answers is cut. */
const ONE_OF = 4;
const DEADLINE_MS = 60_000 * crashRuns();

describe('what was done is not heard of', () => {
  const seed = crashSeed();
  let storm: Storm;
  beforeAll(async () => {
    storm = await Storm.begin('replies');
  }, 120_000);

  it.each(CUT)(
    `%s: the answer of %s (%s) is cut off ${CUTS} times (seed ${seed})`,
    async (name, server, reply) => {
      const { faults, deploys } = storm;
      const next = seededNumbers(seed);
      const port = faults.run.ports[server] ?? 0;
      let isServing = false;
      // a process that hears nothing at its start ends, and its next life is not behind the proxy
      const isTime = (): boolean => isServing && cutter.cuts < CUTS && next() * ONE_OF < 1;
      const cutter = await ReplyCutter.before(port, reply, isTime);
      const session = name === 'identity' ? await Person.create(storm.tenant, 'cut', 'viewer') : undefined;
      try {
        await storm.through(async () => {
          await restartBehind(name, port, cutter.port);
          isServing = true;
          await until(`${CUTS} cuts`, DEADLINE_MS, async () => {
            if (session) await refresh(session);
            return cutter.cuts >= CUTS;
          });
          await deploys.more(1);
          await restore(name);
        });
      } finally {
        await cutter.close();
      }
    },
  );

  it('and no request fails, and nothing is lost, doubled or left undone', () =>
    storm.through(async () => {
      await storm.settle();
      expect(storm.failed).toEqual([]);
    }));

  /** A client that has heard nothing shows its token again, and the session goes on. */
  async function refresh({ api, signedIn }: Person): Promise<void> {
    const anybody = new Api(api.url, '');
    const answer = await until('a refreshed session', DEADLINE_MS, async () => {
      const { refreshToken } = signedIn;
      const tried = await anybody.request<SignedInJson>('POST', '/v1/sessions/refresh', { refreshToken });
      return tried.status < 500 && tried;
    });
    expect(answer.status).toBe(200);
    Object.assign(signedIn, answer.body);
  }

  /** Agents and gateways are told by identity where NATS is, so identity is sent elsewhere before they start. */
  async function restartBehind(name: ProcessName, port: number, proxy: number): Promise<void> {
    const { faults } = storm;
    const sent = isMember(name) ? 'identity' : name;
    await faults.restartWith(sent, { ports: { [port]: proxy } });
    await faults.serves(sent);
    if (isMember(name)) await restart(name);
  }

  async function restore(name: ProcessName): Promise<void> {
    if (isMember(name)) await storm.faults.kill('identity');
    await restart(name);
  }

  function restart(name: ProcessName): Promise<void> {
    const kill = (): Promise<void> => storm.faults.kill(name);
    return name === 'agent' ? storm.withoutAgent('a restart of the agent', kill) : kill();
  }
});

const isMember = (name: ProcessName): boolean => name === 'gateway' || name === 'agent';
