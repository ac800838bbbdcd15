import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Faults } from '../support/faults.js';
import { Tenant, platform } from '../support/tenant.js';

/** What contracts/metrics.md says of one metric, or what a process shows of it. */
interface Family {
  name: string;
  kind: string;
  labels: string[];
}

/** Made by a histogram itself. */
const BUCKET_LABEL = 'le';

describe('what operators watch', () => {
  let tenant: Tenant;
  /** Name of a process -> where it answers: everything that runs but for what is not ours. */
  let processes: [name: string, url: string][];
  const documented = readDocumented();

  beforeAll(async () => {
    tenant = await Tenant.create('watched');
    await tenant.mustDeploy('one');
    expect((await tenant.call('one')).status).toBe(200);
    await tenant.usageOf('one', 1);
    const faults = new Faults(platform());
    await faults.allWell();
    const { pids, urls } = faults.run;
    processes = Object.keys(pids)
      .filter((name) => !/^(envoy|nats|postgres)/.test(name))
      .map((name) => [name, urls[name.replace('gateway', 'gatewayProcess')] ?? '']);
  }, 120_000);

  it('is there in all six kinds of processes', () => {
    expect(processes.map(([name]) => name)).toEqual(
      expect.arrayContaining(['agent', 'api', 'billing', 'deployer', 'gateway', 'identity']),
    );
  });

  it('is /healthz: 200, and each part of the process by name', async () => {
    for (const [name, url] of processes) {
      const answer = await fetch(`${url}/healthz`);
      const { ok, parts } = (await answer.json()) as { ok: boolean; parts: Record<string, { ok: boolean }> };
      expect([name, answer.status, ok]).toEqual([name, 200, true]);
      expect(Object.values(parts).filter((part) => !part.ok)).toEqual([]);
    }
  });

  it('is /metrics: in every process exactly what contracts/metrics.md lists for it, of the kind it says', async () => {
    const shown = await Promise.all(
      processes.map(async ([name, url]) => ({ name, families: familiesOf(await metricsOf(url)) })),
    );
    const said = ({ name, kind }: Family): string => `${name} ${kind}`;
    expect(
      shown.map(({ name, families }) => ({
        process: name,
        metrics: families.filter(({ name: metric }) => !isNodes(metric)).map(said),
      })),
    ).toEqual(
      processes.map(([name]) => ({
        process: name,
        metrics: (documented.get(name.replace(/-\d+$/, '')) ?? []).map(said),
      })),
    );
    for (const { families } of shown) expect(families.some(({ name }) => isNodes(name))).toBe(true);
  });

  it('has no other labels than listed, and no tenant or host in any of them', async () => {
    let labelled = 0;
    for (const [name, url] of processes) {
      const text = await metricsOf(url);
      const known = new Map(
        documented.get(name.replace(/-\d+$/, ''))?.map((family) => [family.name, family]),
      );
      for (const { name: metric, labels } of familiesOf(text).filter((family) => known.has(family.name))) {
        const listed = known.get(metric)?.labels ?? [];
        expect({ metric, other: labels.filter((label) => !listed.includes(label)) }).toEqual({
          metric,
          other: [],
        });
        labelled += labels.length;
      }
      for (const secret of [tenant.organizationId, tenant.project, tenant.host('one'), 'svc_', 'rev_'])
        expect(text).not.toContain(secret);
    }
    expect(labelled).toBeGreaterThan(3);
  });
});

const isNodes = (name: string): boolean => /^(process|nodejs)_/.test(name);

async function metricsOf(url: string): Promise<string> {
  const answer = await fetch(`${url}/metrics`);
  expect(answer.status).toBe(200);
  return answer.text();
}

/** Every family of a text of metrics, by name, with the labels that its samples carry. */
function familiesOf(text: string): Family[] {
  return [...text.matchAll(/^# TYPE (\S+) (\S+)\n((?:(?!#).*\n)*)/gm)]
    .map(([, name = '', kind = '', samples = '']) => ({ name, kind, labels: labelsOf(samples) }))
    .toSorted(byName);
}

function labelsOf(samples: string): string[] {
  const names = [...samples.matchAll(/[{,]([a-z_]+)="/g)].map(([, label = '']) => label);
  return [...new Set(names)].filter((label) => label !== BUCKET_LABEL);
}

/** Process -> what contracts/metrics.md lists for it on this platform's runtime. */
function readDocumented(): Map<string, Family[]> {
  const text = readFileSync(path.join(import.meta.dirname, '../../contracts/metrics.md'), 'utf8');
  const isKnative = process.env['TOWPATH_STORY_CLUSTER_FILE'] !== undefined;
  const byProcess = new Map<string, Family[]>();
  for (const [, name = '', where = '', kind = '', labels = ''] of text.matchAll(
    /^\| `(\S+)` +\| ([^|]+?) +\| (\w+)(?:, ([^|]+?))? +\|/gm,
  )) {
    const only = / with the knative runtime$/;
    if (only.test(where) && !isKnative) continue;
    for (const process of where.replace(only, '').split(', ')) {
      const family = { name, kind, labels: [...labels.matchAll(/`(\w+)`/g)].map(([, label = '']) => label) };
      byProcess.set(process, [...(byProcess.get(process) ?? []), family].toSorted(byName));
    }
  }
  return byProcess;
}

function byName(one: Family, other: Family): number {
  return one.name < other.name ? -1 : 1;
}
