import { crashRuns, crashSeed, seededNumbers } from '../support/chance.js';
import type { ProcessName } from '../support/faults.js';
import { Storm } from '../support/invariants.js';
import { ReplyCutter, type Reply } from '../support/reply.cutter.js';
import { until } from '../support/until.js';

/** Who is told nothing, and by whom. */
const CUT: [ProcessName, 'postgres' | 'nats', Reply][] = [
  ['api', 'postgres', 'COMMIT'],
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
      const cutter = await ReplyCutter.before(port, reply, () => cutter.cuts < CUTS && next() * ONE_OF < 1);
      await storm.through(async () => {
        await restartBehind(name, port, cutter.port);
        await until(`${CUTS} cuts`, DEADLINE_MS, () => Promise.resolve(cutter.cuts >= CUTS));
        await deploys.more(1);
        await restore(name);
      });
      await cutter.close();
    },
  );

  it('and no request fails, and nothing is lost, doubled or left undone', () =>
    storm.through(async () => {
      await storm.settle();
      expect(storm.failed).toEqual([]);
    }));

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
