import { newTemplate, patchTemplate } from './service.patch.js';
import { containerFields, pinnedSecrets, secretReferences } from './container.rules.js';
import { validateContainer } from './container.validation.js';
import type { Template } from './service.types.js';

const secret = { name: 'key', version: 1 } as const;
const base = newTemplate({ image: 'nginx' });
const fields = (more: Partial<Template>): string[] =>
  validateContainer({ ...base, ...more }).map(({ field }) => field);
const startup = (probe: object): Partial<Template> => ({ probes: { startup: probe as never } });
const file = (path: string): Partial<Template> => ({ files: [{ path, secret }] });
const volume = (more: object): Partial<Template> => ({
  volumes: [{ name: 'cache', mountPath: '/cache', medium: 'disk', sizeMiB: 64, ...more }],
});

describe('what only containers have', () => {
  it.each<[string, Partial<Template>]>([
    ['nothing', {}],
    ['arguments', { args: ['--port', '8080'] }],
    ['an http probe', startup({ type: 'http', path: '/healthz?a=b', periodSeconds: 5, timeoutSeconds: 5 })],
    ['a tcp probe', startup({ type: 'tcp', failureThreshold: 1000 })],
    ['a grpc probe', startup({ type: 'grpc', service: 'my.Service' })],
    ['a file', file('/etc/app/key.pem')],
    [
      'two files of one folder',
      { files: [...(file('/etc/app/a').files ?? []), ...(file('/etc/app/b').files ?? [])] },
    ],
    ['a volume', volume({})],
    ['a volume below a reserved place', volume({ mountPath: '/var/cache' })],
  ])('%s is good', (_what, more) => expect(fields(more)).toEqual([]));

  it.each<[string, Partial<Template>, string[]]>([
    ['no arguments', { args: [] }, ['template.args']],
    ['a NUL', { args: ['a', '\0'] }, ['template.args[1]']],
    ['no path', startup({ type: 'http' }), ['template.probes.startup.path']],
    ['a path that is none', startup({ type: 'http', path: 'x' }), ['template.probes.startup.path']],
    ['a path with a line end', startup({ type: 'http', path: '/a\nb' }), ['template.probes.startup.path']],
    ['a path of tcp', startup({ type: 'tcp', path: '/' }), ['template.probes.startup.path']],
    [
      'a service of http',
      startup({ type: 'http', path: '/', service: 'a' }),
      ['template.probes.startup.service'],
    ],
    [
      'a period of 0',
      startup({ type: 'tcp', periodSeconds: 0 }),
      ['template.probes.startup.periodSeconds', 'template.probes.startup.timeoutSeconds'],
    ],
    [
      'a long question',
      startup({ type: 'tcp', periodSeconds: 2, timeoutSeconds: 3 }),
      ['template.probes.startup.timeoutSeconds'],
    ],
    [
      'half a second',
      startup({ type: 'tcp', initialDelaySeconds: 0.5 }),
      ['template.probes.startup.initialDelaySeconds'],
    ],
    ['a relative file', file('etc/key'), ['template.files[0].path']],
    ['a file of the root', file('/key'), ['template.files[0].path']],
    ['a file above', file('/etc/../key'), ['template.files[0].path']],
    ['a file in a place of others', file('/tmp/key'), ['template.files[0].path']],
    [
      'a file twice',
      {
        files: [
          { path: '/a/b', secret },
          { path: '/a/b', secret },
        ],
      },
      ['template.files[1].path'],
    ],
    ['a volume on the root', volume({ mountPath: '/' }), ['template.volumes[0].mountPath']],
    ['a volume on /dev', volume({ mountPath: '/dev' }), ['template.volumes[0].mountPath']],
    ['a large disk', volume({ sizeMiB: 1025 }), ['template.volumes[0].sizeMiB']],
    ['a name', volume({ name: 'A' }), ['template.volumes[0].name']],
    ['more memory than there is', volume({ medium: 'memory', sizeMiB: 513 }), ['template.volumes']],
    ['a volume over files', { ...volume({}), ...file('/cache/key') }, ['template.volumes[0].mountPath']],
  ])('%s is refused', (_what, more, expected) => expect(fields(more)).toEqual(expected));

  it('is changed by key, and absent when nothing of it is left', () => {
    const made = patchTemplate(base, {
      args: ['a'],
      probes: { liveness: { type: 'tcp' } },
      files: [{ path: '/a/b', secret: { name: 'key' } }],
      volumes: [{ name: 'cache', mountPath: '/cache' }],
    });
    expect(made).toMatchObject({
      files: [{ path: '/a/b', secret: { name: 'key', version: 'latest' } }],
      volumes: [{ name: 'cache', mountPath: '/cache', medium: 'disk', sizeMiB: 64 }],
    });
    const more = patchTemplate(made, {
      probes: { startup: { type: 'http', path: '/' }, liveness: null },
      files: [{ path: '/a/c', secret: { name: 'other', version: 2 } }],
    });
    expect(more.probes).toEqual({ startup: { type: 'http', path: '/' } });
    expect(more.files?.map(({ path }) => path)).toEqual(['/a/b', '/a/c']);
    const gone = patchTemplate(more, {
      args: null,
      probes: null,
      files: [
        { path: '/a/b', secret: null },
        { path: '/a/c', secret: null },
      ],
      volumes: null,
    });
    expect(gone).toEqual(base);
  });

  it('names its fields, and every secret with the field that names it', () => {
    expect(containerFields(newTemplate({ source: { uploadId: 'upl_1' } }))).toEqual([]);
    const template = { ...base, ...startup({ type: 'tcp' }), ...file('/a/b'), pullSecret: secret };
    expect(containerFields(template)).toEqual(['template.image', 'template.probes', 'template.files']);
    expect(secretReferences(template).map(({ field }) => field)).toEqual([
      'template.pullSecret',
      'template.files[0].secret',
    ]);
    const pinned = { id: 'sec_1', version: 1 } as const;
    expect(pinnedSecrets({ env: [], files: [{ path: '/a/b', secret: pinned }] })).toEqual([pinned]);
  });
});
