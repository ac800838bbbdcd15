import { readFileSync } from 'node:fs';
import { clusterUnderTest, kubeGet, kubectl } from '../../support/kubectl.js';
import { Tenant, platform } from '../../support/tenant.js';

const ACCOUNT = 'system:serviceaccount:towpath-system:towpath-agent';

interface ClusterRole {
  rules: { apiGroups: string[]; resources: string[]; verbs: string[]; resourceNames?: string[] }[];
}

const may = async (...what: string[]): Promise<string> =>
  // kubectl ends with 1 when the answer is no
  (
    await kubectl('auth', 'can-i', ...what, '--as', ACCOUNT).catch(
      (error: unknown) => (error as { stdout: string }).stdout,
    )
  ).trim();

describe('what the agent may do in the cluster', () => {
  it('is what deploy/agent lists: the agent under test is that account, and deploys', async () => {
    const environment = readFileSync(`/proc/${platform().pids()['agent']}/environ`, 'utf8').split('\0');
    const [, kubeconfig] = /^TOWPATH_KUBECONFIG=(.+)$/m.exec(environment.join('\n')) ?? [];
    expect(kubeconfig).not.toBe(clusterUnderTest().kubeconfig);
    const who = await kubectl('auth', 'whoami', '-o', 'json', '--kubeconfig', kubeconfig ?? '');
    expect(JSON.parse(who)).toMatchObject({ status: { userInfo: { username: ACCOUNT } } });
    const tenant = await Tenant.create('rights');
    await tenant.mustDeploy('small');
    expect((await tenant.call('small')).status).toBe(200);
  }, 120_000);

  it('names every right, and none by *', async () => {
    const { rules } = await kubeGet<ClusterRole>('clusterrole', 'towpath-agent');
    expect(JSON.stringify(rules)).not.toContain('*');
    expect(rules.every(({ verbs }) => verbs.length > 0)).toBe(true);
  });

  it.each([
    ['make a pod', 'create', 'pods'],
    ['enter a pod', 'create', 'pods', '--subresource=exec'],
    ['forward a port', 'create', 'pods', '--subresource=portforward'],
    ['delete a pod', 'delete', 'pods'],
    ['delete a namespace', 'delete', 'namespaces'],
    ['be somebody else', 'impersonate', 'users'],
    ['make a token', 'create', 'serviceaccounts', '--subresource=token'],
    ['give rights', 'create', 'clusterrolebindings.rbac.authorization.k8s.io'],
    ['give rights in a namespace', 'create', 'rolebindings.rbac.authorization.k8s.io'],
    ['change a node', 'patch', 'nodes'],
    ['ask a kubelet', 'get', 'nodes', '--subresource=proxy'],
    ['change an admission rule', 'patch', 'mutatingwebhookconfigurations.admissionregistration.k8s.io'],
    ['change what kinds there are', 'patch', 'customresourcedefinitions.apiextensions.k8s.io'],
    ['run something beside Knative', 'create', 'deployments.apps', '-n', 'knative-serving'],
    ['change other settings of Knative', 'patch', 'configmaps/config-network', '-n', 'knative-serving'],
    ['change settings of the cluster', 'patch', 'configmaps', '-n', 'kube-system'],
    ['look where others serve', 'get', 'endpointslices.discovery.k8s.io', '-n', 'default'],
  ])('is not to %s', async (_what, ...rights) => {
    expect(await may(...rights)).toMatch(/^no/);
  });

  it('and the question is answered with yes for what it may', async () => {
    expect(await may('patch', 'services.serving.knative.dev')).toBe('yes');
    expect(await may('patch', 'configmaps/config-domain', '-n', 'knative-serving')).toBe('yes');
    // where the API server is, whose address instances are not to reach
    expect(await may('get', 'endpointslices.discovery.k8s.io/kubernetes', '-n', 'default')).toBe('yes');
  });
});
