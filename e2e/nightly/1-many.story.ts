import { agentCalls, countAgent, countAgentNoMore } from '../support/agent.load.js';
import { clusterUnderTest, kubeGet, kubectl } from '../support/kubectl.js';
import type { OperationJson } from '../support/faces.js';
import { Tenant } from '../support/tenant.js';
import { until } from '../support/until.js';

const FEW = 10;
const MANY = 150;
/** How many are changed at the same time. */
const WIDTH = 6;
/** What fails for one keeps none of the others from going on; so many say that nothing works. */
const MOST_FAILURES = 2 * WIDTH;
/**
 * An instance stays on the node for more than a minute after its only request: until it is seen to be idle, until Knative's
 * activator has taken its place, and until its sidecar has waited for late requests. It has room for more of them so.
 */
const RESOURCES = { cpuMillis: 200 };
/** Rest is looked at for so long: one round of all that the agent does by period (it looks at the cluster, begins watches again). */
const REST_MS = 300_000;
/** Instances end, and what they leave behind is tidied up. */
const QUIET_MS = 300_000;
/**
 * What the server may be asked more for MANY than for FEW, in REST_MS: a round that begins a little later or earlier, some 20
 * calls, may lie in one of the two twice. One call for each service would be more.
 */
const SLACK = 40;

const INSTANCES = ['pods', '--all-namespaces', '-l', 'serving.knative.dev/service'];
const PROGRAM = `require('node:http').createServer((_q, r) => r.end(process.env.AGE)).listen(process.env.PORT);
process.on('SIGTERM', () => process.exit(0))`;

describe(`${MANY} services on one cluster`, () => {
  const { registry } = clusterUnderTest();
  let tenant: Tenant;
  const names = Array.from({ length: MANY }, (_, at) => `service-${at}`);
  const few = names.slice(0, FEW);
  const made = new Set<string>();
  /** Of the API server, in REST_MS, by how many services there were. */
  const calls = new Map<number, number>();

  beforeAll(async () => {
    tenant = await Tenant.create('many');
    await tenant.api.ok('POST', `/v1/projects/${tenant.project}/secrets`, {
      name: 'registry',
      value: `${registry.username}:${registry.password}`,
    });
    await countAgent();
  });
  // the next platform finds the cluster empty; Kubernetes collects what belonged to one in some 3.5 s, by its limit of calls
  afterAll(async () => {
    await side(made, (name) => tenant.api.change('DELETE', tenant.at(name)));
    await countAgentNoMore();
  }, 1_200_000);

  it('are all Ready, and each answers', async () => {
    await deployAll(few, 'young');
    calls.set(FEW, await callsAtRest());
    await deployAll(names.slice(FEW), 'young');
    await allReady();
  }, 2_400_000);

  it('and after an update of each', async () => {
    await deployAll(names, 'old');
    await allReady();
  }, 2_400_000);

  it('at rest the API server is asked no more than for a few, and they wake', async () => {
    calls.set(MANY, await callsAtRest());
    const [ofFew = NaN, ofMany = NaN] = [calls.get(FEW), calls.get(MANY)];
    for (const [count, asked] of calls)
      console.log(`${count} services at rest: ${((asked * 60_000) / REST_MS).toFixed(1)} API calls a minute`);
    console.log(`${MANY} to ${FEW}: ${(ofMany / ofFew).toFixed(2)}`);
    expect(ofMany).toBeLessThan(ofFew + SLACK);
    await side(few, async (name) => {
      const { status, text } = await tenant.call(name);
      expect([name, status, text]).toEqual([name, 200, 'old']);
    });
  }, 900_000);

  /** Makes or updates each; each answers when it is Ready. */
  async function deployAll(which: readonly string[], age: string): Promise<void> {
    const seconds: number[] = [];
    const began = Date.now();
    const before = await agentCalls();
    await side(which, async (name) => {
      const since = Date.now();
      const operation = await deploy(name, age);
      expect([name, operation.status, operation.error]).toEqual([name, 'succeeded', undefined]);
      seconds.push((Date.now() - since) / 1_000);
      const { status, text } = await tenant.call(name);
      expect([name, status, text]).toEqual([name, 200, age]);
    }).finally(async () => {
      const [first, last] = [seconds.slice(0, FEW), seconds.slice(-FEW)].map(
        (part) => part.reduce((sum, one) => sum + one, 0) / part.length,
      );
      const calls = (await agentCalls()) - before;
      console.log(
        `${seconds.length} of ${which.length} deploys, ${WIDTH} at a time, ${made.size} services: ` +
          `${((Date.now() - began) / 1_000).toFixed(0)} s; one of the first ${first?.toFixed(1)} s, of the last ` +
          `${last?.toFixed(1)} s; ${(calls / which.length).toFixed(1)} API calls each`,
      );
    });
  }

  function deploy(name: string, age: string): Promise<OperationJson> {
    const template = {
      resources: RESOURCES,
      image: `${registry.address}/runtime/node:local`,
      pullSecret: { name: 'registry' },
      command: ['node', '-e', PROGRAM],
      env: [{ name: 'AGE', value: age }],
    };
    if (made.has(name)) return tenant.api.change('PATCH', tenant.at(name), { template });
    const body = { name, access: 'public', template };
    made.add(name);
    return tenant.api.change('POST', `/v1/projects/${tenant.project}/services`, body);
  }

  async function allReady(): Promise<void> {
    await side(names, async (name) => {
      const { status } = await tenant.service(name);
      expect([name, status.conditions.find(({ type }) => type === 'Ready')?.status]).toEqual([name, 'true']);
    });
  }

  /** What the agent asked of the API server in REST_MS, after all instances had ended. */
  async function callsAtRest(): Promise<number> {
    await until('no instance', QUIET_MS, async () => {
      // looked at again when those that are there have ended, or after 20 s
      await kubectl('wait', '--for=delete', ...INSTANCES, '--timeout=20s');
      const { items } = await kubeGet<{ items: unknown[] }>(...INSTANCES);
      return items.length === 0;
    });
    const before = await agentCalls();
    if (before === 0) throw new Error('the API server counts nothing of the agent');
    await new Promise((resolve) => setTimeout(resolve, REST_MS));
    return (await agentCalls()) - before;
  }
});

/** Does the work for each, WIDTH of them at a time. @throws with every failure */
async function side(names: Iterable<string>, work: (name: string) => Promise<unknown>): Promise<void> {
  const waiting = [...names];
  const count = waiting.length;
  const failures: string[] = [];
  const lane = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      await work(next).catch((error: unknown) => failures.push(String(error)));
      if (failures.length >= MOST_FAILURES) waiting.length = 0;
    }
  };
  await Promise.all(Array.from({ length: WIDTH }, lane));
  if (failures.length > 0) throw new Error(`${failures.length} of ${count}:\n${failures.join('\n')}`);
}
