import { Api } from '../support/api.js';
import { HUB, type ProcessName } from '../support/faults.js';
import { GUARDED, Storm } from '../support/invariants.js';
import { PASSWORD, Person, type SignedInJson } from '../support/person.js';
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
    '%s by %i s: deploys, people and callers go on',
    (name, offset) =>
      storm.through(async () => {
        await restart(name, offset);
        await storm.deploys.more(1);
        if (name === 'api') await checkKeys();
        await checkPeople();
        await checkCallers();
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

  /** Who is invited, signs in and refreshes is let in with every token at once, and with the former one still. */
  async function checkPeople(): Promise<void> {
    const person = await Person.create(storm.tenant, 'clock', 'viewer');
    const anybody = new Api(person.api.url, '');
    const body = { email: person.email, password: PASSWORD };
    const signedIn = await anybody.ok<SignedInJson>('POST', '/v1/sessions', body);
    const { refreshToken } = signedIn;
    const refreshed = await anybody.ok<SignedInJson>('POST', '/v1/sessions/refresh', { refreshToken });
    for (const { accessToken } of [person.signedIn, signedIn, refreshed])
      await new Api(person.api.url, accessToken).ok('GET', '/v1/whoami');
  }

  /** A new token for a private service is taken at once. */
  async function checkCallers(): Promise<void> {
    const { tenant, traffic } = storm;
    const { token } = await tenant.api.ok<{ token: string }>('POST', tenant.at(GUARDED, '/token'));
    traffic.count(GUARDED);
    const answer = await tenant.call(GUARDED, '/', { headers: { authorization: `Bearer ${token}` } });
    expect([answer.status, answer.text.slice(0, 200)]).toEqual([200, expect.anything()]);
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
    const short = await make(10_000);
    await until('the end of a key', 30_000, async () => (await status(short)) === 401);
  }
});
