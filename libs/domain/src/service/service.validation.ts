import { imageReferenceProblem } from '../build/image-reference.js';
import type { Violation } from '../error.js';
import { violationOf } from '../name.js';
import { validateContainer } from './container.validation.js';
import { validateEnv } from './env.validation.js';
import { validateGpus } from './gpu.validation.js';
import { validateNumber, validateWords } from './number.validation.js';
import { BOUNDS, LIMITS, RESERVED_PORTS } from './service.defaults.js';
import { revisionSuffixProblem, serviceNameProblem } from './service.names.js';
import { validateSidecars } from './sidecar.validation.js';
import type { Service, Template } from './service.types.js';
import { validateTraffic } from './traffic.validation.js';

/** What a customer asks of a service. */
export type ServiceIntent = Pick<
  Service,
  'name' | 'access' | 'minInstances' | 'regions' | 'rollout' | 'template' | 'traffic'
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
    ...validateEnv('template.env', template.env),
    ...validateNumber('template.resources.cpuMillis', resources.cpuMillis, BOUNDS.cpuMillis),
    ...validateNumber('template.resources.memoryMiB', resources.memoryMiB, BOUNDS.memoryMiB),
    ...validateGpus(resources),
    ...validateNumber('template.concurrency', template.concurrency, BOUNDS.concurrency),
    ...validateNumber('template.timeoutSeconds', template.timeoutSeconds, BOUNDS.timeoutSeconds),
    ...validateNumber('template.maxInstances', template.maxInstances, BOUNDS.maxInstances),
    ...validatePort(template.port),
    ...(template.command === undefined ? [] : validateWords('template.command', template.command)),
    ...validateContainer(template),
    ...validateSidecars(template),
    ...violationOf('template.revisionSuffix', suffixProblem),
  ];
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

function validatePort(port: number): Violation[] {
  const taken = RESERVED_PORTS.includes(port) ? 'is taken by Knative beside every instance' : undefined;
  return [...validateNumber('template.port', port, BOUNDS.port), ...violationOf('template.port', taken)];
}
