import { KubeClient, KubeConnection, type KubeObject } from '#libs/kube';
import { createLogger } from '#libs/process';
import { FakeHttp, SteppedClock, kubeconfigOf, testId } from '#libs/testing';
import type { PublishedImages } from '../../images/published.images.js';
import { revisionOf, seenRevision, settings, targetOf } from './knative.factory.rig.js';
import { environmentSecretOf } from './knative.names.js';
import type { KnativeRevision } from './knative.types.js';
import { ObjectWriter } from './object.writer.js';
import type { Opened } from './revision.secrets.js';
import { ServiceApplier } from './service.applier.js';

const logger = createLogger('applier', 'silent');
const secret = { id: testId('sec'), version: 1 };
const external = { image: 'registry.test/app:1', env: [{ name: 'TOKEN', secret }] };
const target = targetOf([revisionOf('hello-00001', external)]);
const opened: Opened = {
  env: () => Promise.resolve({ TOKEN: 's3cret' }),
  open: () => Promise.reject(new Error('it has no files')),
};

/** A Revision that Knative made once more has another uid. */
function made(uid: string): KnativeRevision {
  const revision = seenRevision('hello-00001', 'True');
  return { ...revision, metadata: { ...revision.metadata, uid } };
}

describe('the Secrets of a revision', () => {
  let http: FakeHttp;
  let applier: ServiceApplier;
  const drifts: string[] = [];
  let close: () => Promise<void>;

  beforeEach(async () => {
    http = await FakeHttp.start(({ method, body }) => ({
      body:
        method === 'PATCH'
          ? (JSON.parse(body.toString()) as KubeObject)
          : { items: [], metadata: { resourceVersion: '1' } },
    }));
    const { file, remove } = kubeconfigOf(http.url);
    const connection = await KubeConnection.open(file);
    const client = new KubeClient(connection);
    const writer = new ObjectWriter(client, new SteppedClock());
    // what is deployed here is made elsewhere
    const images = undefined as unknown as PublishedImages;
    drifts.length = 0;
    const onDrift = (kind: string, name: string): unknown => drifts.push(`${kind} ${name}`);
    applier = new ServiceApplier(client, writer, settings, images, onDrift, logger);
    close = async () => {
      await connection.close();
      await http.close();
      remove();
    };
  });
  afterEach(() => close());

  const written = (): number =>
    http.seen.filter(({ method, path }) => method === 'PATCH' && path.includes('/secrets/')).length;
  const make = async (...revisions: KnativeRevision[]): Promise<number> => {
    const before = written();
    await applier.make(target, opened, { service: undefined, revisions });
    return written() - before;
  };

  it('are written once for a Revision', async () => {
    expect(await make(made('one'))).toBe(1);
    expect(await make(made('one'))).toBe(0);
  });

  it('are written again when the Revision is not there', async () => {
    expect(await make(made('one'))).toBe(1);
    expect(await make()).toBe(1);
  });

  it('are written again for a Revision that was made again before anybody saw that it was gone', async () => {
    expect(await make(made('one'))).toBe(1);
    expect(await make(made('two'))).toBe(1);
    expect(await make(made('two'))).toBe(0);
  });

  it('are written again when one of them was taken away, and that is drift', async () => {
    const gone = environmentSecretOf(target.revisions[0]?.id ?? testId('rev'));
    expect(await make(made('one'))).toBe(1);
    applier.secretGone(target.service.id, 'another');
    expect([await make(made('one')), drifts]).toEqual([0, []]);
    applier.secretGone(target.service.id, gone);
    expect([await make(made('one')), drifts]).toEqual([1, [`Secret ${gone}`]]);
    expect(await make(made('one'))).toBe(0);
  });

  it('are nobody’s any more once the service is removed', async () => {
    expect(await make(made('one'))).toBe(1);
    await applier.remove(target.service.id, undefined, undefined);
    applier.secretGone(target.service.id, environmentSecretOf(target.revisions[0]?.id ?? testId('rev')));
    expect(drifts).toEqual([]);
  });
});
