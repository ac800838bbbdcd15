import { imageReferenceProblem } from '../build/image-reference.js';
import type { Violation } from '../error.js';
import { labelProblem, violationOf } from '../name.js';
import { placeProblem, validateFiles, validatePlaces, validateProbe } from './container.validation.js';
import { validateEnv } from './env.validation.js';
import { validateNumber, validateWords } from './number.validation.js';
import { BOUNDS, RESERVED_PORTS } from './service.defaults.js';
import type { Sidecar, Template } from './service.types.js';
import { instanceResources } from './sidecar.rules.js';
import {
  SERVING_CONTAINER,
  SIDECAR_LIMITS,
  SIDECAR_PROBE_KINDS,
  type SidecarProbe,
  type VolumeMount,
} from './sidecar.types.js';

const FIELD = 'template.sidecars';

/** All reasons why containers beside the serving one are refused; field paths start with `template.sidecars`. */
export function validateSidecars(template: Template): Violation[] {
  const { sidecars = [] } = template;
  if (sidecars.length === 0) return [];
  const few = sidecars.length <= SIDECAR_LIMITS.sidecars;
  return [
    ...violationOf(FIELD, few ? undefined : `must have at most ${SIDECAR_LIMITS.sidecars} entries`),
    ...validateSum(template),
    ...sidecars.flatMap((sidecar, index) => validateSidecar(template, sidecar, index)),
  ];
}

/** An instance is placed as a whole. */
function validateSum(template: Template): Violation[] {
  const sum = instanceResources(template);
  return (['cpuMillis', 'memoryMiB'] as const).flatMap((name) => {
    const { maximum } = BOUNDS[name];
    const above = `together with the serving container must have at most ${maximum} ${name}, these have ${sum[name]}`;
    return violationOf(FIELD, sum[name] > maximum ? above : undefined);
  });
}

function validateSidecar(template: Template, sidecar: Sidecar, index: number): Violation[] {
  const at = `${FIELD}[${index}]`;
  const { name, image, command, args, env, resources, probes = {}, files = [], mounts = [] } = sidecar;
  return [
    ...violationOf(`${at}.name`, nameProblem(name) ?? twiceProblem(template, name, index)),
    ...violationOf(`${at}.image`, imageReferenceProblem(image)),
    ...(command === undefined ? [] : validateWords(`${at}.command`, command)),
    ...(args === undefined ? [] : validateWords(`${at}.args`, args)),
    ...validateEnv(`${at}.env`, env),
    ...validateNumber(`${at}.resources.cpuMillis`, resources.cpuMillis, BOUNDS.cpuMillis),
    ...validateNumber(`${at}.resources.memoryMiB`, resources.memoryMiB, BOUNDS.memoryMiB),
    ...SIDECAR_PROBE_KINDS.flatMap((kind) =>
      validateSidecarProbe(`${at}.probes.${kind}`, probes[kind], template.port),
    ),
    ...validateFiles(at, files),
    ...mounts.flatMap((mount, place) => validateMount(`${at}.mounts[${place}]`, template, mount)),
    ...validatePlaces(`${at}.mounts`, mounts, files),
  ];
}

/** Names that containers of an instance have already. */
const TAKEN = [SERVING_CONTAINER, 'queue-proxy'];

function nameProblem(name: string): string | undefined {
  return TAKEN.includes(name)
    ? 'is the name of another container of every instance'
    : labelProblem(name, SIDECAR_LIMITS.name);
}

function twiceProblem({ sidecars = [] }: Template, name: string, index: number): string | undefined {
  return sidecars.findIndex((other) => other.name === name) < index ? 'is given twice' : undefined;
}

function validateSidecarProbe(field: string, probe: SidecarProbe | undefined, serving: number): Violation[] {
  if (probe === undefined) return [];
  const { port } = probe;
  const taken = RESERVED_PORTS.includes(port) ? 'is taken by Knative beside every instance' : undefined;
  const foreign = port === serving ? 'is the port of the serving container' : undefined;
  return [
    ...validateProbe(field, probe),
    ...validateNumber(`${field}.port`, port, BOUNDS.port),
    ...violationOf(`${field}.port`, taken ?? foreign),
  ];
}

function validateMount(
  field: string,
  { volumes = [] }: Template,
  { volume, mountPath }: VolumeMount,
): Violation[] {
  const isThere = volumes.some(({ name }) => name === volume);
  return [
    ...violationOf(`${field}.volume`, isThere ? undefined : 'is no volume of the template'),
    ...violationOf(`${field}.mountPath`, placeProblem(mountPath, 1)),
  ];
}
