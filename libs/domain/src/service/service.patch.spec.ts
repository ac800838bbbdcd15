import fc from 'fast-check';
import { TEMPLATE_DEFAULTS } from './service.defaults.js';
import { patchEnv } from './env.patch.js';
import {
  type TemplatePatch,
  newTemplate,
  patchService,
  patchTemplate,
  sameTemplate,
} from './service.patch.js';
import type { ServiceIntent } from './service.validation.js';

const old = newTemplate({
  source: { uploadId: 'upl_0' },
  env: [
    { name: 'A', value: '1' },
    { name: 'B', secret: { name: 'token' } },
  ],
  concurrency: 10,
  revisionSuffix: 'blue',
});

describe('a patch of a template', () => {
  it('keeps what it does not name, but never a used suffix', () => {
    const { revisionSuffix: _used, ...kept } = old;
    expect(patchTemplate(old, {})).toEqual(kept);
    expect(patchTemplate(old, { revisionSuffix: 'green' })).toEqual({ ...kept, revisionSuffix: 'green' });
  });

  it('goes back to the default on null', () => {
    const next = patchTemplate(old, { concurrency: null, env: null, resources: null, port: null });
    expect(next).toMatchObject({
      concurrency: 80,
      env: [],
      resources: TEMPLATE_DEFAULTS.resources,
      port: 8080,
    });
  });

  it('merges env by name, in place', () => {
    expect(
      patchEnv(old.env, [
        { name: 'A', value: '2' },
        { name: 'B', value: null },
        { name: 'C', secret: { name: 'token', version: 3 } },
      ]),
    ).toEqual([
      { name: 'A', value: '2' },
      { name: 'C', secret: { name: 'token', version: 3 } },
    ]);
  });

  it('lets a new source take the place of an image, and the other way round', () => {
    const image = patchTemplate(old, { image: 'nginx' });
    expect([image.image, image.source]).toEqual(['nginx', undefined]);
    const back = patchTemplate(image, { source: { uploadId: 'upl_1' } });
    expect([back.image, back.source]).toEqual([undefined, { uploadId: 'upl_1' }]);
  });

  it('keeps the credentials of a registry for images of that registry only', () => {
    const first = patchTemplate(old, { image: 'r.test/a:1', pullSecret: { name: 'r' } });
    expect(first.pullSecret).toEqual({ name: 'r', version: 'latest' });
    const secretOf = (patch: TemplatePatch): unknown => patchTemplate(first, patch).pullSecret?.name;
    expect(secretOf({ image: 'r.test/b:2' })).toBe('r');
    expect(secretOf({ port: 9090 })).toBe('r');
    expect(secretOf({ image: 'elsewhere.test/a:1' })).toBeUndefined();
    expect(secretOf({ source: { uploadId: 'upl_1' } })).toBeUndefined();
    expect(secretOf({ pullSecret: null })).toBeUndefined();
  });

  it('makes no new template by a suffix or by the order of keys', () => {
    const reordered = Object.fromEntries(Object.entries(old).reverse()) as unknown as typeof old;
    expect(sameTemplate(old, { ...reordered, revisionSuffix: 'other' })).toBe(true);
    expect(sameTemplate(old, { ...old, port: 9999 })).toBe(false);
  });

  it('applied twice is as applied once', () => {
    const entry = fc.record({ name: fc.constantFrom('A', 'B', 'C'), value: fc.option(fc.string()) });
    fc.assert(
      fc.property(fc.array(entry), (patch) => {
        const once = patchEnv(old.env, patch);
        const names = once.map(({ name }) => name);
        expect(new Set(names).size).toBe(names.length);
        for (const change of patch.filter(
          ({ name }, index) => patch.findLastIndex((p) => p.name === name) === index,
        )) {
          expect(names.includes(change.name)).toBe(change.value !== null);
        }
      }),
    );
  });
});

it('a patch of a service resets traffic and access on null', () => {
  const intent: ServiceIntent = {
    name: 'hello',
    access: 'public',
    minInstances: 2,
    template: old,
    traffic: [{ revision: 'hello-00001', percent: 100 }],
  };
  const next = patchService(intent, { access: null, traffic: null, minInstances: 1 });
  expect(next).toMatchObject({
    access: 'private',
    minInstances: 1,
    traffic: [{ revision: 'latest', percent: 100 }],
  });
});
