import type { Violation } from '../error.js';
import { labelProblem, violationOf } from '../name.js';
import {
  CONTAINER_BOUNDS,
  CONTAINER_LIMITS,
  PROBE_KINDS,
  type Probe,
  type Volume,
} from './container.types.js';
import { folderOf } from './container.rules.js';
import { validateNumber, validateWords } from './number.validation.js';
import { instanceResources } from './sidecar.rules.js';
import type { SecretFile, Template } from './service.types.js';

/** All reasons why what only containers have is refused; field paths start with `template.`. */
export function validateContainer(template: Template): Violation[] {
  const { args, probes = {}, files = [], volumes = [] } = template;
  return [
    ...(args === undefined ? [] : validateWords('template.args', args)),
    ...PROBE_KINDS.flatMap((kind) => validateProbe(`template.probes.${kind}`, probes[kind])),
    ...validateFiles('template', files),
    ...validateVolumes(template, volumes),
    ...validatePlaces('template.volumes', volumes, files),
  ];
}

/** All reasons why a probe is refused. */
export function validateProbe(field: string, probe: Probe | undefined): Violation[] {
  if (probe === undefined) return [];
  const { periodSeconds = CONTAINER_BOUNDS.periodSeconds.fallback, timeoutSeconds = 1 } = probe;
  return [
    ...violationOf(`${field}.path`, pathProblem(probe)),
    ...violationOf(`${field}.service`, serviceProblem(probe)),
    ...PROBE_NUMBERS.flatMap((name) => {
      const value = probe[name];
      return value === undefined ? [] : validateNumber(`${field}.${name}`, value, CONTAINER_BOUNDS[name]);
    }),
    ...violationOf(
      `${field}.timeoutSeconds`,
      timeoutSeconds > periodSeconds ? `must not be above periodSeconds (${periodSeconds})` : undefined,
    ),
  ];
}

const PROBE_NUMBERS = [
  'initialDelaySeconds',
  'periodSeconds',
  'timeoutSeconds',
  'failureThreshold',
] as const satisfies (keyof Probe)[];

function serviceProblem({ type, service }: Probe): string | undefined {
  if (service === undefined) return undefined;
  if (type !== 'grpc') return 'is for type grpc';
  return /^[\w.]{1,256}$/.test(service) ? undefined : 'must be letters, digits, dots and underscores';
}

function pathProblem({ type, path }: Probe): string | undefined {
  if (type !== 'http') return path === undefined ? undefined : 'is for type http';
  if (path === undefined) return 'is needed by type http';
  const form = new RegExp(`^/[\\x21-\\x7e]{0,${CONTAINER_LIMITS.pathCharacters}}$`);
  return form.test(path) ? undefined : 'must begin with / and hold at most 512 characters and no space';
}

/** All reasons why the files of a container are refused. @param at the container's field */
export function validateFiles(at: string, files: readonly Pick<SecretFile, 'path'>[]): Violation[] {
  const paths = files.map(({ path }) => path);
  const few = paths.length <= CONTAINER_LIMITS.files;
  return [
    ...violationOf(`${at}.files`, few ? undefined : `must have at most ${CONTAINER_LIMITS.files} entries`),
    ...paths.flatMap((path, index) => {
      const field = `${at}.files[${index}].path`;
      const twice = paths.indexOf(path) < index ? 'is given twice' : undefined;
      return violationOf(field, placeProblem(path, 2) ?? placeProblem(folderOf(path), 1) ?? twice);
    }),
  ];
}

function validateVolumes(template: Template, volumes: readonly Volume[]): Violation[] {
  const { memoryMiB } = instanceResources(template);
  const few = volumes.length <= CONTAINER_LIMITS.volumes;
  const inMemory = volumes.filter(({ medium }) => medium === 'memory');
  const memory = inMemory.reduce((sum, { sizeMiB }) => sum + sizeMiB, 0);
  return [
    ...violationOf(
      'template.volumes',
      few ? undefined : `must have at most ${CONTAINER_LIMITS.volumes} entries`,
    ),
    ...violationOf(
      'template.volumes',
      memory > memoryMiB
        ? `must not hold more in memory (${memory} MiB) than an instance has (${memoryMiB} MiB)`
        : undefined,
    ),
    ...volumes.flatMap(({ name, mountPath, medium, sizeMiB }, index) => {
      const field = `template.volumes[${index}]`;
      const twice = volumes.findIndex((other) => other.name === name) < index ? 'is given twice' : undefined;
      return [
        ...violationOf(`${field}.name`, labelProblem(name, CONTAINER_LIMITS.volumeName) ?? twice),
        ...violationOf(`${field}.mountPath`, placeProblem(mountPath, 1)),
        ...validateNumber(`${field}.sizeMiB`, sizeMiB, CONTAINER_BOUNDS[medium]),
      ];
    }),
  ];
}

/** No two folders of a container at one place: what is mounted hides what was there. @param field that of the volumes */
export function validatePlaces(
  field: string,
  volumes: readonly { mountPath: string }[],
  files: readonly Pick<SecretFile, 'path'>[],
): Violation[] {
  const folders = new Set(files.map(({ path }) => folderOf(path)));
  return volumes.flatMap(({ mountPath }, index) => {
    const others = volumes.slice(0, index).some((other) => other.mountPath === mountPath);
    return violationOf(
      `${field}[${index}].mountPath`,
      others || folders.has(mountPath) ? 'is the place of another volume or of files' : undefined,
    );
  });
}

/** Knative mounts nothing there. */
const RESERVED = ['/dev', '/dev/log', '/tmp', '/var', '/var/log'];

/** Why nothing can be put at a path of a container; undefined when it can. @param parts names that it has at least */
export function placeProblem(path: string, parts: number): string | undefined {
  const names = path.split('/').slice(1);
  if (!path.startsWith('/') || names.length < parts || !names.every((name) => /^[\w.-]+$/.test(name)))
    return 'must be an absolute path of letters, digits, dots, hyphens and underscores';
  if (names.some((name) => /^\.+$/.test(name)) || path.length > CONTAINER_LIMITS.pathCharacters)
    return 'must be a path without . and .. of at most 512 characters';
  return RESERVED.includes(path) ? 'is a place where nothing may be mounted' : undefined;
}
