import { Api } from '../support/api.js';
import { HUB, type ProcessName } from '../support/faults.js';
import { Storm } from '../support/invariants.js';
import { until } from '../support/until.js';

const HOUR_SECONDS = 3_600;
/** nats-server and PostgreSQL read the machine's clock; PostgreSQL's is the hub's. */
const CLOCKS = [...HUB.filter((name) => name !== 'nats' && name !== 'postgres'), 'agent'] as const;

describe('the clock of one process is wrong by an hour', () => {
  let storm: Storm;
  beforeAll(async () => {
    storm = await Storm.begin('clocks');
  }, 120_000);

  it.each(CLOCKS.flatMap((name) => [-HOUR_SECONDS, HOUR_SECONDS].map((offset) => [name, offset] as const)))(
    '%s by %i s: deploys go on',
    (name, offset) =>
      storm.through(async () => {
        await restart(name, offset);
        await storm.deploys.more(1);
        if (name === 'api') await checkKeys();
      }),
  );

  it('and nothing is lost, doubled or left undone', () =>
    storm.through(async () => {
      for (const name of CLOCKS) await restart(name, 0);
      await storm.settle();
      expect(storm.failed).toEqual([]);
    }));

  async function restart(name: ProcessName, offset: number): Promise<void> {
    const work = async (): Promise<void> => {
      await storm.faults.restartWith(name, { env: { TOWPATH_CLOCK_OFFSET_SECONDS: String(offset) } });
      await storm.faults.serves(name);
    };
    await (name === 'agent' ? storm.withoutAgent(`agent, its clock wrong by ${offset} s`, work) : work());
  }

  /** A key works until its time, by the time of the hub. */
  async function checkKeys(): Promise<void> {
    const { api } = storm.tenant;
    const make = async (lifeMs: number): Promise<Api> => {
      const expiresAt = new Date(Date.now() + lifeMs).toISOString();
      const { secret } = await api.ok<{ secret: string }>('POST', '/v1/keys', {
        name: 'short',
        role: 'viewer',
        expiresAt,
      });
      return new Api(api.url, secret);
    };
    const status = async (of: Api): Promise<number> => (await of.request('GET', '/v1/whoami')).status;
    expect(await status(await make(600_000))).toBe(200);
    const short = await make(2_000);
    await until('the end of a key', 30_000, async () => (await status(short)) === 401);
  }
});
