import { KINDS, KubeClient, KubeConnection, KubeError, type KubeObject } from '#libs/kube';
import { FakeHttp, SteppedClock, kubeconfigOf, type FakeReply, type SeenRequest } from '#libs/testing';
import { ContestedError, claimsOf, contestedCondition, isOurs, standing } from './contested.js';
import { LABELS } from './knative.names.js';
import { ObjectWriter } from './object.writer.js';

const OURS = { [LABELS.owner]: 'cls-1', [LABELS.organization]: 'org-1', [LABELS.project]: 'prj-1' };
const quota = (more: Partial<KubeObject['metadata']> = {}, pods = '5'): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ResourceQuota',
  metadata: { name: 'towpath', namespace: 'prj-1', labels: OURS, ...more },
  spec: { hard: { pods } },
});
const { managedFields: _none, ...metadata } = quota().metadata;
const bare = { ...quota(), metadata: { ...metadata, labels: {} } };

it.each([
  ['one of another cluster of Towpath', { ...OURS, [LABELS.owner]: 'cls-2' }, true],
  ['one of another project', { ...OURS, [LABELS.project]: 'prj-2' }, false],
  ['one without our label', { [LABELS.project]: 'prj-1', [LABELS.organization]: 'org-1' }, false],
])('whose an object is: %s', (_what, labels, ours) => expect(isOurs(quota(), quota({ labels }))).toBe(ours));

const byUs = { manager: 'towpath-quota', operation: 'Apply' } as const;
it.each([
  ['no label of ours any more', { labels: {}, managedFields: [byUs] }, true],
  ['labels of another project', { labels: { [LABELS.project]: 'prj-2' }, managedFields: [byUs] }, false],
  ['an update only', { labels: {}, managedFields: [{ ...byUs, operation: 'Update' as const }] }, false],
  ['an apply of somebody else', { labels: {}, managedFields: [{ ...byUs, manager: 'helm' }] }, false],
])('whose an object with a field manager is: %s', (_what, more, ours) =>
  expect(isOurs(quota(), quota(more))).toBe(ours),
);

it('nobody is told to delete a namespace', () => {
  const namespace = { ...quota(), kind: 'Namespace' };
  const { nextStep } = ContestedError.nameTaken(namespace, bare);
  expect(nextStep).not.toContain('delete');
  expect(nextStep).toContain('towpath.dev/cluster=cls-1');
  expect(ContestedError.nameTaken(quota(), bare).nextStep).toContain('deletes');
});

/** An API server with at most one quota, whose fields others hold as the test says. */
class Api {
  there: KubeObject | undefined;
  /** Who holds the number of pods, and how. */
  holder: { manager: string; operation: 'Apply' | 'Update' } | undefined;
  /** Whether whoever holds it takes it back at once. */
  isStubborn = false;

  readonly answer = ({ method, query, body }: SeenRequest): FakeReply => {
    if (method === 'GET')
      return {
        body: { items: this.there === undefined ? [] : [this.there], metadata: { resourceVersion: '1' } },
      };
    if (this.holder !== undefined && query.get('force') === 'false') return conflict(this.holder.manager);
    this.there = JSON.parse(body.toString()) as KubeObject;
    if (!this.isStubborn) this.holder = undefined;
    return { body: this.there };
  };
}

const conflict = (manager: string): FakeReply => ({
  status: 409,
  body: {
    kind: 'Status',
    code: 409,
    reason: 'Conflict',
    details: { causes: [{ field: '.spec.hard.pods', message: `conflict with "${manager}" using v1` }] },
  },
});

describe('what is written', () => {
  const clock = new SteppedClock();
  let api: Api;
  let http: FakeHttp;
  let writer: ObjectWriter;
  let close: () => Promise<void>;
  const write = (seen?: KubeObject, isShared = false): Promise<KubeObject> =>
    writer.write(KINDS.resourceQuota, quota(), 'towpath-quota', seen, isShared);
  const patches = (): number => http.seen.filter(({ method }) => method === 'PATCH').length;

  beforeEach(async () => {
    api = new Api();
    http = await FakeHttp.start(api.answer);
    const { file, remove } = kubeconfigOf(http.url);
    const connection = await KubeConnection.open(file);
    writer = new ObjectWriter(new KubeClient(connection), clock);
    close = async () => {
      await connection.close();
      await http.close();
      remove();
    };
  });
  afterEach(() => close());

  it('is what is not there, and what is ours and differs', async () => {
    await write();
    expect(api.there).toMatchObject({ spec: { hard: { pods: '5' } } });
    api.there = quota({}, '1');
    await write(api.there);
    expect(api.there).toMatchObject({ spec: { hard: { pods: '5' } } });
    await write();
    expect(patches()).toBe(2);
  });

  it('is nothing that somebody else made, whose it is being said', async () => {
    api.there = {
      ...bare,
      metadata: { ...bare.metadata, managedFields: [{ manager: 'helm', operation: 'Update' }] },
    };
    await expect(write()).rejects.toMatchObject({
      reason: 'NameTaken',
      message: 'ResourceQuota prj-1/towpath was made by helm and not by Towpath; it is left as it is.',
    });
    expect(patches()).toBe(0);
    // the cluster's own, to which Towpath only adds
    await write(undefined, true);
    expect(patches()).toBe(1);
  });

  it('is no field that another applies', async () => {
    api.holder = { manager: 'argocd', operation: 'Apply' };
    api.there = quota({ managedFields: [api.holder] }, '1');
    await expect(write(api.there)).rejects.toMatchObject({
      reason: 'FieldTaken',
      message: expect.stringContaining('.spec.hard.pods (argocd)') as string,
    });
    expect(api.there).toMatchObject({ spec: { hard: { pods: '1' } } });
  });

  it('is a field that was edited by hand, until the other does it again and again', async () => {
    api.holder = { manager: 'kubectl-edit', operation: 'Update' };
    api.there = quota({ managedFields: [api.holder] }, '1');
    api.isStubborn = true;
    for (let times = 0; times < 5; times++) await write(quota({}, '1'));
    await expect(write(quota({}, '1'))).rejects.toMatchObject({ reason: 'FieldTaken' });
    // whatever time goes by, until a look finds it as it is wanted, or unclaimed
    clock.step(61_000);
    await expect(write(quota({}, '1'))).rejects.toMatchObject({ reason: 'FieldTaken' });
    await write(quota());
    await write(quota({}, '1'));
  });

  it('is a field whose other holder gave it up after a fight', async () => {
    const holder = { manager: 'kubectl-edit', operation: 'Update' } as const;
    api.holder = holder;
    api.there = quota({ managedFields: [holder] }, '1');
    api.isStubborn = true;
    for (let times = 0; times < 5; times++) await write(quota({}, '1'));
    await expect(write(quota({}, '1'))).rejects.toMatchObject({ reason: 'FieldTaken' });
    clock.step(61_000);
    api.holder = undefined;
    await write(quota({}, '1'));
    api.holder = holder;
    await write(quota({}, '1'));
  });

  it('is a field that another writer of Towpath holds, however often', async () => {
    api.holder = { manager: 'towpath-serving', operation: 'Update' };
    api.isStubborn = true;
    for (let times = 0; times < 9; times++) await write(quota({}, '1'));
  });

  it('reads who holds what from the answer only', async () => {
    api.holder = { manager: 'a', operation: 'Apply' };
    const { client } = writer as unknown as { client: KubeClient };
    const refused = await client
      .apply(KINDS.resourceQuota, quota(), 'towpath-quota', { force: false })
      .then(() => undefined)
      .catch((error: unknown) => error as KubeError);
    expect(refused).toBeInstanceOf(KubeError);
    if (refused === undefined) return;
    const claims = claimsOf(refused);
    expect(claims).toEqual([{ manager: 'a', field: '.spec.hard.pods' }]);
    expect(standing(claims, quota({ managedFields: [{ manager: 'a', operation: 'Update' }] }))).toEqual([]);
    expect(standing(claims, quota({ managedFields: [api.holder] }))).toEqual(claims);
  });
});

it('what is told keeps the time from which on it is so', () => {
  const error = ContestedError.nameTaken(quota(), bare);
  const first = contestedCondition(error, 5);
  expect(contestedCondition(error, 9, first)).toMatchObject({
    type: 'Contested',
    reason: 'NameTaken',
    changedAt: 5,
  });
  expect(contestedCondition(new Error('another'), 9)).toBeUndefined();
});
