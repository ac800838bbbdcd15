import { imageReferenceProblem } from '../build/image-reference.js';
import type { Violation } from '../error.js';
import { violationOf } from '../name.js';
import { validateContainer } from './container.validation.js';
import { validateGpus } from './gpu.validation.js';
import { validateNumber, validateWords } from './number.validation.js';
import { BOUNDS, LIMITS, RESERVED_PORTS } from './service.defaults.js';
import { revisionSuffixProblem, serviceNameProblem } from './service.names.js';
import type { EnvEntry, Service, Template } from './service.types.js';
import { validateTraffic } from './traffic.validation.js';

/** What a customer asks of a service. */
export type ServiceIntent = Pick<
  Service,
  'name' | 'access' | 'minInstances' | 'regions' | 'template' | 'traffic'
>;

/** All reasons why an intent is refused, each with its field; empty when it is good. */
export function validateService(intent: ServiceIntent): Violation[] {
  const { name, minInstances, regions = [], template, traffic } = intent;
  return [
    ...violationOf('name', serviceNameProblem(name)),
    ...validateNumber('minInstances', minInstances, BOUNDS.minInstances),
    ...violationOf(
      'minInstances',
      minInstances > template.maxInstances
        ? `must not be above template.maxInstances (${template.maxInstances})`
        : undefined,
    ),
    ...validateRegions(regions),
    ...validateTemplate(template, name),
    ...validateTraffic(traffic, name),
  ];
}

function validateRegions(regions: readonly string[]): Violation[] {
  if (regions.length > LIMITS.regions)
    return [{ field: 'regions', message: `must be at most ${LIMITS.regions}` }];
  return regions.flatMap((region, index) =>
    regions.indexOf(region) < index ? [{ field: `regions[${index}]`, message: 'is given twice' }] : [],
  );
}

/** All reasons why a template is refused; field paths start with `template.`. */
export function validateTemplate(template: Template, service: string): Violation[] {
  const { resources, revisionSuffix } = template;
  const suffixProblem =
    revisionSuffix === undefined ? undefined : revisionSuffixProblem(revisionSuffix, service);
  return [
    ...validateOrigin(template),
    ...validateEnv(template.env),
    ...validateNumber('template.resources.cpuMillis', resources.cpuMillis, BOUNDS.cpuMillis),
    ...validateNumber('template.resources.memoryMiB', resources.memoryMiB, BOUNDS.memoryMiB),
    ...validateGpus(resources),
    ...validateNumber('template.concurrency', template.concurrency, BOUNDS.concurrency),
    ...validateNumber('template.timeoutSeconds', template.timeoutSeconds, BOUNDS.timeoutSeconds),
    ...validateNumber('template.maxInstances', template.maxInstances, BOUNDS.maxInstances),
    ...validatePort(template.port),
    ...(template.command === undefined ? [] : validateWords('template.command', template.command)),
    ...validateContainer(template),
    ...violationOf('template.revisionSuffix', suffixProblem),
  ];
}

/** Why a text cannot name an environment entry; undefined when it can. */
export function envNameProblem(name: string): string | undefined {
  if (name.length > LIMITS.envNameCharacters) {
    return `must have at most ${LIMITS.envNameCharacters} characters, this has ${name.length}`;
  }
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
    return 'must be letters, digits and underscores and not start with a digit';
  }
  if (name === 'PORT' || name.startsWith('K_'))
    return 'is reserved: Towpath sets PORT and names that start with K_';
  return undefined;
}

function validateOrigin(template: Template): Violation[] {
  const { source, image, pullSecret } = template;
  if ((source === undefined) === (image === undefined)) {
    return [{ field: 'template', message: 'needs exactly one of source and image' }];
  }
  if (image !== undefined) return violationOf('template.image', imageReferenceProblem(image));
  const stray = pullSecret === undefined ? undefined : 'is for an image, and source is given';
  return violationOf('template.pullSecret', stray);
}

function validateEnv(env: readonly EnvEntry[]): Violation[] {
  const violations: Violation[] = [];
  if (env.length > LIMITS.envEntries) {
    violations.push({ field: 'template.env', message: `must have at most ${LIMITS.envEntries} entries` });
  }
  const seen = new Set<string>();
  let characters = 0;
  env.forEach((entry, index) => {
    const field = `template.env[${index}]`;
    violations.push(...violationOf(`${field}.name`, envNameProblem(entry.name)));
    violations.push(...violationOf(`${field}.name`, seen.has(entry.name) ? 'is given twice' : undefined));
    seen.add(entry.name);
    const value = 'value' in entry ? entry.value : '';
    characters += entry.name.length + value.length;
    violations.push(...violationOf(`${field}.value`, envValueProblem(value)));
  });
  if (characters > LIMITS.envCharacters) {
    violations.push({
      field: 'template.env',
      message: `must hold at most ${LIMITS.envCharacters} characters`,
    });
  }
  return violations;
}

function envValueProblem(value: string): string | undefined {
  if (value.length > LIMITS.envValueCharacters)
    return `must have at most ${LIMITS.envValueCharacters} characters`;
  return value.includes('\0') ? 'must not contain the character NUL' : undefined;
}

function validatePort(port: number): Violation[] {
  const taken = RESERVED_PORTS.includes(port) ? 'is taken by Knative beside every instance' : undefined;
  return [...validateNumber('template.port', port, BOUNDS.port), ...violationOf('template.port', taken)];
}
