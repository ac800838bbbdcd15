import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Id, Target } from '#libs/domain';
import { createLogger } from '#libs/process';
import { SteppedClock, temporaryFolder, type TemporaryFolder } from '#libs/testing';
import { TargetStore } from './target.store.js';

const SERVICE: Id<'svc'> = 'svc_00000000000000000001';
const target = (generation: number, epoch = 1, more: Partial<Target> = {}): Target => ({
  schemaVersion: 1,
  clusterId: 'cls_00000000000000000001',
  organizationId: 'org_00000000000000000001',
  projectId: 'prj_00000000000000000001',
  service: { id: SERVICE, name: 'hello' },
  generation,
  epoch,
  revisions: [],
  ...more,
});

describe('TargetStore', () => {
  const clock = new SteppedClock();
  const logger = createLogger('test', 'silent');
  let folder: TemporaryFolder;
  let store: TargetStore;
  const open = (): Promise<TargetStore> => TargetStore.open(folder.path, clock, logger);
  beforeEach(async () => {
    folder = temporaryFolder();
    store = await open();
  });
  afterEach(() => folder.remove());

  it.each<[string, Target, string]>([
    ['a higher generation', target(6, 2), 'stored'],
    ['a higher epoch with a lower generation', target(1, 3), 'stored'],
    ['the same once more', target(5, 2), 'same'],
    ['a lower generation', target(4, 2), 'older'],
    ['a lower epoch with a higher generation', target(9, 1), 'older'],
    ['other content of the same version', target(5, 2, { tombstone: { by: 'derived' } }), 'contradicting'],
  ])('%s: what becomes of it, also after a restart', async (_name, next, acceptance) => {
    const first = target(5, 2);
    await store.accept(first);
    store = await open();
    expect(await store.accept(next)).toBe(acceptance);
    expect((await open()).get(SERVICE)).toEqual(acceptance === 'stored' ? next : first);
  });

  it('forgets a removed service but not its version', async () => {
    const tombstone = target(5, 2, { tombstone: { by: 'customer' } });
    await store.accept(tombstone);
    await store.forget(tombstone);
    store = await open();
    expect(store.all()).toEqual([]);
    expect(await readdir(join(folder.path, 'targets'))).toEqual([]);
    expect(await store.accept(target(4, 2))).toBe('older');
    expect(await store.accept(tombstone)).toBe('same');
    expect(store.highestEpoch()).toBe(2);
    expect(await store.accept(target(6, 2))).toBe('stored');
  });

  it('forgets many at the same time, each with its file', async () => {
    const ids = Array.from({ length: 20 }, (_, n): Id<'svc'> => `svc_${String(n).padStart(20, '0')}`);
    const tombstones = ids.map((id) =>
      target(5, 2, { service: { id, name: 'hello' }, tombstone: { by: 'customer' } }),
    );
    await Promise.all(tombstones.map((tombstone) => store.accept(tombstone)));
    await Promise.all(tombstones.map((tombstone) => store.forget(tombstone)));
    expect(await readdir(join(folder.path, 'targets'))).toEqual([]);
    expect((await open()).removedTargets().map(({ serviceId }) => serviceId)).toEqual(ids);
  });

  it('keeps the file of a newer target that comes while it forgets', async () => {
    const tombstone = target(5, 2, { tombstone: { by: 'customer' } });
    await store.accept(tombstone);
    const back = target(6, 2);
    await Promise.all([store.forget(tombstone), store.accept(back)]);
    expect(store.get(SERVICE)).toEqual(back);
    expect((await open()).get(SERVICE)).toEqual(back);
  });

  it('does not forget what was replaced meanwhile', async () => {
    const tombstone = target(5, 2, { tombstone: { by: 'customer' } });
    await store.accept(tombstone);
    const back = target(6, 2);
    await store.accept(back);
    await store.forget(tombstone);
    expect((await open()).get(SERVICE)).toEqual(back);
  });

  it('leaves a damaged file out and keeps the others', async () => {
    await store.accept(target(1));
    await writeFile(join(folder.path, 'targets', 'svc_00000000000000000002.json'), '{"half":');
    expect((await open()).all()).toEqual([target(1)]);
  });
});
