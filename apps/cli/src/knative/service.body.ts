import type { ServiceView, TemplateView } from '../client/wire.types.js';
import type { ServiceBody, TemplateBody } from '../flags/template.flags.js';
import type { WantedService } from './service.reader.js';

/** The body that makes the service. */
export function made({ namespace: _project, template, ...wanted }: WantedService): ServiceBody {
  const { probes = {}, sidecars, ...rest } = template;
  const asked = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== null));
  const probed = Object.fromEntries(Object.entries(probes).filter(([, probe]) => probe !== null));
  return {
    ...wanted,
    template: {
      ...asked,
      ...(Object.keys(probed).length === 0 ? {} : { probes: probed }),
      ...(sidecars?.length ? { sidecars } : {}),
    },
  };
}

/**
 * The body that makes a service what the manifest says: what the manifest does not say goes back to its default, and
 * entries that it does not name go away. Access, instances and the split stay where it says nothing of them.
 */
export function changed(wanted: WantedService, { template: known, version }: ServiceView): ServiceBody {
  const { name: _name, namespace: _project, template, ...rest } = wanted;
  return { ...rest, version, template: { ...DEFAULTS, ...template, ...without(template, known) } };
}

/** Null goes back to the default. */
const DEFAULTS = {
  concurrency: null,
  timeoutSeconds: null,
  maxInstances: null,
  port: null,
  protocol: null,
} satisfies TemplateBody;

/** Lists are keyed: what is there and not asked for is taken away by name. */
function without(template: TemplateBody, known: TemplateView): TemplateBody {
  const { env = [], files = [], volumes } = template;
  const gone = <T>(before: readonly T[], now: readonly T[], key: (one: T) => string): string[] =>
    before.map(key).filter((one) => !now.some((other) => key(other) === one));
  const byName = ({ name }: { name: string }): string => name;
  const byPath = ({ path }: { path: string }): string => path;
  // a manifest says the whole of each: what was there goes before it is made anew
  const before = (known.sidecars ?? []).map(({ name }) => ({ name, image: null }));
  const sidecars = [...before, ...(template.sidecars ?? [])];
  return {
    env: [...gone<{ name: string }>(known.env, env, byName).map((name) => ({ name, value: null })), ...env],
    files: [
      ...gone<{ path: string }>(known.files ?? [], files, byPath).map((path) => ({ path, secret: null })),
      ...files,
    ],
    volumes: [
      ...gone<{ name: string }>(known.volumes ?? [], volumes ?? [], byName).map((name) => ({
        name,
        mountPath: null,
      })),
      ...(volumes ?? []),
    ],
    ...(sidecars.length === 0 ? {} : { sidecars }),
    resources: { cpuMillis: null, memoryMiB: null, gpus: null, gpuClass: null, ...template.resources },
  };
}
