import { pinnedSecrets, secretReferences } from './container.rules.js';
import { newTemplate, patchTemplate } from './service.patch.js';
import type { Sidecar, Template } from './service.types.js';
import { validateTemplate } from './service.validation.js';
import type { SidecarPatch } from './sidecar.patch.js';
import { askedImages, instanceResources } from './sidecar.rules.js';

const LOG = { name: 'log', image: 'r.test/log:1' };
const base = newTemplate({ image: 'r.test/app:1', sidecars: [LOG] });
const with_ = (more: Partial<Sidecar>, template: Partial<Template> = {}): Template => ({
  ...base,
  ...template,
  sidecars: (base.sidecars ?? []).map((sidecar) => ({ ...sidecar, ...more })),
});
const volumes: Template['volumes'] = [{ name: 'v', mountPath: '/v', medium: 'disk', sizeMiB: 8 }];
const files = (...paths: string[]): Pick<Sidecar, 'files'> => ({
  files: paths.map((path) => ({ path, secret: { name: 'key', version: 1 } })),
});
const at = (field: string): string => `template.sidecars[0].${field}`;

describe('a sidecar', () => {
  it.each<[string, Template]>([
    ['alone', base],
    ['a command and words', with_({ command: ['/log'], args: ['-v'] })],
    ['a probe of its own port', with_({ probes: { startup: { type: 'http', path: '/', port: 9000 } } })],
    ['a volume of the template', with_({ mounts: [{ volume: 'v', mountPath: '/shared' }] }, { volumes })],
    ['secrets as files', with_(files('/etc/log/key', '/etc/log/more', '/var/lib/other'))],
    ['a file where the serving container has one', with_(files('/etc/key'), files('/etc/key'))],
  ])('with %s is good', (_what, template) => expect(validateTemplate(template, 'app')).toEqual([]));

  it.each<[string, Template, string[]]>([
    ['the name of the serving container', with_({ name: 'app' }), [at('name')]],
    ["the name of Knative's container", with_({ name: 'queue-proxy' }), [at('name')]],
    ['a name that is none', with_({ name: 'Log_1' }), [at('name')]],
    ['no image', newTemplate({ image: 'a', sidecars: [{ name: 'log' }] }), [at('image')]],
    ['no words', with_({ command: [] }), [at('command')]],
    ['a reserved variable', with_({ env: [{ name: 'K_REVISION', value: '' }] }), [at('env[0].name')]],
    [
      'too little memory',
      with_({ resources: { cpuMillis: 100, memoryMiB: 1 } }),
      [at('resources.memoryMiB')],
    ],
    [
      'the port that serves',
      with_({ probes: { liveness: { type: 'tcp', port: 8080 } } }),
      [at('probes.liveness.port')],
    ],
    [
      "Knative's port",
      with_({ probes: { startup: { type: 'tcp', port: 8012 } } }),
      [at('probes.startup.port')],
    ],
    [
      'a probe without a path',
      with_({ probes: { startup: { type: 'http', port: 1 } } }),
      [at('probes.startup.path')],
    ],
    [
      'a volume that is not there',
      with_({ mounts: [{ volume: 'v', mountPath: '/v' }] }),
      [at('mounts[0].volume')],
    ],
    [
      'a relative place',
      with_({ mounts: [{ volume: 'v', mountPath: 'v' }] }, { volumes }),
      [at('mounts[0].mountPath')],
    ],
    ['a file of the root', with_(files('/key')), [at('files[0].path')]],
    ['a file twice', with_(files('/a/b', '/a/b')), [at('files[1].path')]],
    [
      'a volume over files',
      with_({ mounts: [{ volume: 'v', mountPath: '/in' }], ...files('/in/key') }, { volumes }),
      [at('mounts[0].mountPath')],
    ],
    [
      'two volumes at one place',
      with_(
        { mounts: ['v', 'w'].map((volume) => ({ volume, mountPath: '/in' })) },
        { volumes: ['v', 'w'].map((name) => ({ name, mountPath: `/${name}`, medium: 'disk', sizeMiB: 8 })) },
      ),
      [at('mounts[1].mountPath')],
    ],
  ])('with %s is refused', (_what, template, fields) =>
    expect(validateTemplate(template, 'app').map(({ field }) => field)).toEqual(fields),
  );

  it('is counted: ten containers in all, each with a name of its own', () => {
    const many = (names: string[]): Template =>
      newTemplate({
        image: 'a',
        sidecars: names.map((name) => ({ ...LOG, name, resources: { cpuMillis: 80, memoryMiB: 64 } })),
      });
    const names = Array.from({ length: 9 }, (_, index) => `s${index}`);
    expect(validateTemplate(many(names), 'app')).toEqual([]);
    expect(validateTemplate(many([...names, 's9']), 'app')).toMatchObject([{ field: 'template.sidecars' }]);
    const twice = { ...base, sidecars: [...(base.sidecars ?? []), ...(base.sidecars ?? [])] };
    expect(validateTemplate(twice, 'app')).toMatchObject([{ field: 'template.sidecars[1].name' }]);
  });

  it('adds to what an instance has, which has its bound', () => {
    expect(instanceResources(base)).toEqual({ cpuMillis: 2000, memoryMiB: 1024 });
    const large = with_({ resources: { cpuMillis: 7500, memoryMiB: 32_512 } });
    expect(validateTemplate(large, 'app').map(({ message }) => message)).toEqual([
      'together with the serving container must have at most 8000 cpuMillis, these have 8500',
      'together with the serving container must have at most 32768 memoryMiB, these have 33024',
    ]);
  });

  it('needs its secrets', () => {
    const secret = { name: 'key', version: 1 } as const;
    const template = with_({ pullSecret: secret, env: [{ name: 'KEY', secret }], ...files('/a/b') });
    expect(secretReferences(template).map(({ field }) => field)).toEqual([
      at('pullSecret'),
      at('env[0].secret'),
      at('files[0].secret'),
    ]);
    const pinned = { id: 'sec_1', version: 1 } as const;
    const digest = `sha256:${'a'.repeat(64)}` as const;
    const { source: _source, sidecars: _asked, ...rest } = base;
    const sidecar = { ...LOG, resources: base.resources, imageDigest: digest };
    const spec = {
      ...{ ...rest, imageDigest: digest, env: [], files: [] },
      sidecars: [
        {
          ...{ ...sidecar, pullSecret: pinned },
          env: [{ name: 'KEY', secret: pinned }],
          files: [{ path: '/a/b', secret: pinned }],
        },
      ],
    };
    const { pullSecret: _pull, ...revision } = spec as typeof spec & { pullSecret?: undefined };
    expect(pinnedSecrets(revision)).toEqual([pinned, pinned, pinned]);
  });

  it('is asked for at its registry, with the credentials for that registry only', () => {
    const pullSecret = { name: 'r', version: 1 } as const;
    const images = (template: Template): unknown => askedImages(template);
    const main = { field: 'template.image', image: 'r.test/app:1', pullSecret };
    const beside = { field: at('image'), image: LOG.image };
    expect(images({ ...base, pullSecret })).toEqual([main, { ...beside, pullSecret }]);
    const elsewhere = with_({ image: 'other.test/log:1' }, { pullSecret });
    expect(images(elsewhere)).toEqual([main, { ...beside, image: 'other.test/log:1' }]);
    const built = newTemplate({ source: { uploadId: 'upl_0' }, sidecars: [LOG] });
    expect(images(built)).toEqual([beside]);
  });
});

describe('a change of sidecars', () => {
  const change = (...sidecars: NonNullable<Parameters<typeof patchTemplate>[1]['sidecars']>): unknown =>
    patchTemplate(with_({ args: ['-v'], env: [{ name: 'A', value: '1' }] }), { sidecars }).sidecars;
  const [log] = base.sidecars ?? [];

  it('keeps what it does not say', () =>
    expect(change({ name: 'log', env: [{ name: 'B', value: '2' }], resources: { cpuMillis: 100 } })).toEqual([
      {
        ...log,
        args: ['-v'],
        env: [
          { name: 'A', value: '1' },
          { name: 'B', value: '2' },
        ],
        resources: { cpuMillis: 100, memoryMiB: 512 },
      },
    ]));
  it('goes back to defaults by null', () =>
    expect(change({ name: 'log', args: null, env: null, resources: null })).toEqual([log]));
  it('names files by their path', () => {
    const secret = { name: 'key' };
    const before = with_(files('/a/b', '/a/c'));
    const changed = (of: SidecarPatch['files']): unknown =>
      patchTemplate(before, { sidecars: [{ name: 'log', files: of }] }).sidecars?.[0]?.files;
    expect(
      changed([
        { path: '/a/b', secret: null },
        { path: '/a/d', secret },
      ]),
    ).toEqual([...(files('/a/c').files ?? []), { path: '/a/d', secret: { ...secret, version: 'latest' } }]);
    expect(changed(undefined)).toHaveLength(2);
    expect(changed(null)).toBeUndefined();
  });
  it('adds at the end, and takes away by image: null', () => {
    const more = { name: 'more', image: 'b' };
    expect(change(more)).toMatchObject([{ name: 'log' }, { ...more, env: [] }]);
    expect(change(more, { name: 'log', image: null })).toMatchObject([{ name: 'more' }]);
    expect(change({ name: 'log', image: null })).toBeUndefined();
  });
  it('made anew forgets what it was', () => expect(change({ name: 'log', image: null }, LOG)).toEqual([log]));
  it('all go by null', () => expect(patchTemplate(base, { sidecars: null }).sidecars).toBeUndefined());
  it('keeps credentials for their registry only', () => {
    const pullSecret = { name: 'r', version: 1 } as const;
    const before = with_({ pullSecret });
    const moved = (image: string): unknown =>
      patchTemplate(before, { sidecars: [{ name: 'log', image }] }).sidecars?.[0]?.pullSecret;
    expect([moved('r.test/log:2'), moved('other.test/log')]).toEqual([pullSecret, undefined]);
  });
});

it('as many sidecars as there may be are all made anew by one change', () => {
  const nine = Array.from({ length: 9 }, (_, index) => ({ name: `s${index}`, image: 'a' }));
  const before = newTemplate({ image: 'a', sidecars: nine });
  const gone = nine.map(({ name }) => ({ name, image: null }));
  expect(patchTemplate(before, { sidecars: [...gone, ...nine] })).toEqual(before);
});
