import { newTemplate } from './service.patch.js';
import { DEFAULT_TRAFFIC } from './service.defaults.js';
import type { Template } from './service.types.js';
import { validateService, type ServiceIntent } from './service.validation.js';

const good: ServiceIntent = {
  name: 'hello',
  access: 'private',
  minInstances: 0,
  template: newTemplate({ source: { uploadId: 'upl_0' } }),
  traffic: [...DEFAULT_TRAFFIC],
};
const template = (change: Partial<Template>): ServiceIntent => ({
  ...good,
  template: { ...good.template, ...change },
});
const fields = (intent: ServiceIntent): string[] => validateService(intent).map(({ field }) => field);

describe('an intent', () => {
  it('with nothing but a source is good', () => {
    expect(validateService(good)).toEqual([]);
  });

  it.each<[string, ServiceIntent, string[]]>([
    ['name', { ...good, name: 'My Shop' }, ['name']],
    ['source and image', template({ image: 'nginx' }), ['template']],
    ['memory', template({ resources: { cpuMillis: 1000, memoryMiB: 1 } }), ['template.resources.memoryMiB']],
    ['CPU', template({ resources: { cpuMillis: 9000, memoryMiB: 512 } }), ['template.resources.cpuMillis']],
    ['concurrency 0', template({ concurrency: 0 }), ['template.concurrency']],
    ['concurrency 1001', template({ concurrency: 1001 }), ['template.concurrency']],
    ['half a request', template({ concurrency: 1.5 }), ['template.concurrency']],
    ['timeout', template({ timeoutSeconds: 3601 }), ['template.timeoutSeconds']],
    ['port of the queue-proxy', template({ port: 8012 }), ['template.port']],
    ['port', template({ port: 65_536 }), ['template.port']],
    ['no instance', template({ maxInstances: 0 }), ['template.maxInstances']],
    ['min above max', { ...template({ maxInstances: 2 }), minInstances: 3 }, ['minInstances']],
    ['PORT', template({ env: [{ name: 'PORT', value: '1' }] }), ['template.env[0].name']],
    ['K_', template({ env: [{ name: 'K_SERVICE', value: '1' }] }), ['template.env[0].name']],
    [
      'twice',
      template({
        env: [
          { name: 'A', value: '1' },
          { name: 'A', value: '2' },
        ],
      }),
      ['template.env[1].name'],
    ],
    ['a=b', template({ env: [{ name: 'a=b', value: '1' }] }), ['template.env[0].name']],
    ['long value', template({ env: [{ name: 'A', value: 'x'.repeat(32_769) }] }), ['template.env[0].value']],
    ['empty command', template({ command: [] }), ['template.command']],
    ['suffix', template({ revisionSuffix: 'Blue' }), ['template.revisionSuffix']],
    ['stray credentials', template({ pullSecret: { name: 'r', version: 1 } }), ['template.pullSecret']],
    ['image', template({ source: undefined as never, image: 'a b' }), ['template.image']],
  ])('is refused for its %s', (_what, intent, expected) => {
    expect(fields(intent)).toEqual(expected);
  });

  it('is refused with all reasons at once', () => {
    const bad = { ...template({ concurrency: 0, port: 0 }), name: '-', minInstances: -1 };
    expect(fields(bad)).toEqual(['name', 'minInstances', 'template.concurrency', 'template.port']);
  });
});
