import { createLogger } from '#libs/process';
import type { ServiceRecords } from '#libs/store';
import { SteppedClock, testDigest, testId, testServiceRecords, until } from '#libs/testing';
import { ImageResolver } from './image.resolver.js';
import type { Credentials, RegistryAnswer } from './registry.reader.js';

describe('images of services', () => {
  const clock = new SteppedClock();
  let answer: RegistryAnswer | Error;
  let asked: (Credentials | undefined)[];
  let woken: string[];
  let resolver: ImageResolver;
  let records: ServiceRecords;
  beforeEach(() => {
    answer = { status: 'found', digest: testDigest('b') };
    [asked, woken] = [[], []];
    const read = (_image: unknown, credentials: Credentials | undefined): Promise<RegistryAnswer> => {
      asked.push(credentials);
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    };
    resolver = new ImageResolver({
      reader: { read },
      openSecret: () => Promise.resolve(new TextEncoder().encode('ann:s3cret\n')),
      wakeService: (serviceId) => void woken.push(serviceId),
      clock,
      logger: createLogger('test', 'silent'),
    });
    records = ofImage(testServiceRecords(clock.now(), []), 'r.test/app:1');
  });
  afterEach(() => resolver.stop());

  const ofImage = (of: ServiceRecords, image: string): ServiceRecords => {
    const { source: _source, ...template } = of.service.template;
    return { ...of, service: { ...of.service, template: { ...template, image } } };
  };
  const answered = (times: number): Promise<unknown> => until(() => woken.length === times);

  it('are asked for beside the pass, which is woken and sees the digest', async () => {
    expect(resolver.look(records)).toBeUndefined();
    await answered(1);
    expect(woken).toEqual([records.service.id]);
    expect(resolver.look(records)).toEqual({
      status: 'found',
      digests: { 'template.image': testDigest('b') },
    });
    expect(asked).toEqual([undefined]);
  });

  it('are asked for with the credentials that the template names', async () => {
    const secret = { id: testId('sec'), name: 'registry', versions: [{ number: 1, createdAt: 0 }] };
    const template = {
      ...records.service.template,
      pullSecret: { name: 'registry', version: 'latest' as const },
    };
    resolver.look({
      ...records,
      service: { ...records.service, template },
      secrets: [
        { ...secret, organizationId: testId('org'), projectId: testId('prj'), createdAt: 0, version: 1 },
      ],
    });
    await answered(1);
    expect(asked).toEqual(['ann:s3cret']);
  });

  it.each([
    ['absent', 'ImageNotFound', /not in its registry/],
    ['refused', 'ImageNotAllowed', /its registry refuses/],
  ] as const)('are %s', async (status, reason, message) => {
    answer = { status };
    resolver.look(records);
    await answered(1);
    const sight = resolver.look(records);
    expect(sight).toMatchObject({
      status: 'refused',
      reason,
      error: { violations: [{ field: 'template.image' }] },
    });
    expect(JSON.stringify(sight)).toMatch(message);
    answer = { status: 'found', digest: testDigest('b') };
    clock.step(30_001);
    resolver.look(records);
    await answered(2);
    expect(resolver.look(records)).toMatchObject({ status: 'found' });
  });

  it('are all asked for, of what is built only its sidecars; the first that is not there is named', async () => {
    const resources = { cpuMillis: 100, memoryMiB: 64 };
    const sidecars = ['one', 'two'].map((name) => ({ name, image: `r.test/${name}`, env: [], resources }));
    const { service } = testServiceRecords(clock.now(), []);
    records = { ...records, service: { ...service, template: { ...service.template, sidecars } } };
    resolver.look(records);
    await answered(1);
    const [one, two] = ['template.sidecars[0].image', 'template.sidecars[1].image'] as const;
    const digests = { [one]: testDigest('b'), [two]: testDigest('b') };
    expect(resolver.look(records)).toEqual({ status: 'found', digests });
    answer = { status: 'absent' };
    const again = { ...records, templateGeneration: records.templateGeneration + 1 };
    resolver.look(again);
    await answered(2);
    expect(resolver.look(again)).toMatchObject({
      status: 'refused',
      error: { violations: [{ field: one }] },
    });
    expect(asked).toHaveLength(3);
  });

  it('are asked for again while the registry is away; its own words stay inside', async () => {
    answer = new Error('connect ECONNREFUSED 10.0.0.1:443');
    resolver.look(records);
    await answered(1);
    const sight = resolver.look(records);
    expect(sight).toMatchObject({ status: 'away' });
    expect(JSON.stringify(sight)).not.toContain('10.0.0.1');
  });

  it('are nobody’s business once the revision is made, or of a built service', async () => {
    const made = { templateGeneration: records.templateGeneration } as ServiceRecords['revisions'][number];
    expect(resolver.look({ ...records, revisions: [made] })).toBeUndefined();
    expect(resolver.look(testServiceRecords(clock.now(), []))).toBeUndefined();
    await resolver.stop();
    expect(asked).toEqual([]);
  });
});
