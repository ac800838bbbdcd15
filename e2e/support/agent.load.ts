import { readFileSync } from 'node:fs';
import { applyObject, kubectl } from './kubectl.js';
import { platform } from './tenant.js';

const FLOW = 'towpath-agent';
/** USER_HZ: in which Linux tells times of processes. */
const TICKS = 100;

/** Counts what the agent's account asks of the API server, as a flow of its own. */
export async function countAgent(): Promise<void> {
  const subject = { kind: 'ServiceAccount', serviceAccount: { name: FLOW, namespace: 'towpath-system' } };
  const every = ['*'];
  await applyObject({
    apiVersion: 'flowcontrol.apiserver.k8s.io/v1',
    kind: 'FlowSchema',
    metadata: { name: FLOW },
    spec: {
      matchingPrecedence: 100,
      // where accounts of a namespace are without it
      priorityLevelConfiguration: { name: 'workload-low' },
      rules: [
        {
          subjects: [subject],
          resourceRules: [
            { verbs: every, apiGroups: every, resources: every, clusterScope: true, namespaces: every },
          ],
          nonResourceRules: [{ verbs: every, nonResourceURLs: every }],
        },
      ],
    },
  });
}

export async function countAgentNoMore(): Promise<void> {
  await kubectl('delete', 'flowschema', FLOW, '--ignore-not-found');
}

/** What it asked since the API server started; 0 before it is counted. */
export async function agentCalls(): Promise<number> {
  const metrics = await kubectl('get', '--raw', '/metrics');
  const lines = metrics
    .split('\n')
    .filter((line) => line.startsWith('apiserver_flowcontrol_dispatched_requests_total'))
    .filter((line) => line.includes(`flow_schema="${FLOW}"`));
  return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

/** What the agent beside the platform holds of memory now (MiB), and the time of CPUs that it has had (ms). */
export function agentLoad(): { rssMiB: number; cpuMs: number } {
  const folder = `/proc/${platform().pids()['agent']}`;
  const [, kib] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`${folder}/status`, 'utf8')) ?? [];
  // after its name, which may have spaces: its state is the third field, what it had the 14th and 15th
  const [, fields = ''] = readFileSync(`${folder}/stat`, 'utf8').split(/\) (?=[A-Z] )/);
  const [user, system] = fields.split(' ').slice(11, 13);
  return { rssMiB: Number(kib) / 1024, cpuMs: ((Number(user) + Number(system)) * 1000) / TICKS };
}
