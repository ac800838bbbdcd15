import type { Probe, Protocol, SecretReference } from '#libs/domain';
import type { EnvChange } from '../flags/env.flags.js';
import type { TemplateBody } from '../flags/template.flags.js';
import { cpuMillis, sizeMiB } from '../flags/quantity.js';
import { CliError } from '../exit.js';
import { present, type Fields } from './fields.js';

/** What one container of a Knative Service says of a template. */
export type ContainerPart = Pick<
  TemplateBody,
  'image' | 'command' | 'args' | 'env' | 'resources' | 'port' | 'protocol' | 'probes'
>;

/** What the container says but for its name and its mounts. */
export function readContainer(of: Fields, isOfGpuClass: boolean): ContainerPart {
  const image = of.text('image');
  if (image === undefined) of.problem('image', 'is missing');
  const port = readPort(of);
  const served = (question: Fields): void => question.only('port', 0, port.port ?? DEFAULT_PORT);
  const part: ContainerPart = {
    ...(image === undefined ? {} : { image }),
    command: of.texts('command') ?? null,
    args: of.texts('args') ?? null,
    env: of.list('env').flatMap((entry) => readEntry(entry) ?? []),
    resources: readResources(of, isOfGpuClass),
    ...port,
    probes: {
      startup: readProbe(of.object('startupProbe'), served) ?? null,
      readiness: readProbe(of.object('readinessProbe'), served) ?? null,
      liveness: readProbe(of.object('livenessProbe'), served) ?? null,
    },
  };
  of.end();
  return part;
}

function readPort(of: Fields): { port?: number; protocol?: Protocol } {
  const [first, ...more] = of.list('ports');
  for (const other of more) other.problem(undefined, 'is not supported: one port is served');
  if (first === undefined) return {};
  const port = first.whole('containerPort');
  const name = first.text('name') ?? 'http1';
  if (name !== 'http1' && name !== 'h2c') first.problem('name', 'must be http1 or h2c');
  first.only('protocol', 'TCP');
  first.end();
  return { ...(port === undefined ? {} : { port }), protocol: name === 'h2c' ? 'h2c' : 'http1' };
}

/** A variable: a value, or a key of a Secret. */
export function readEntry(entry: Fields): EnvChange | undefined {
  const name = entry.text('name');
  const value = entry.text('value');
  const from = entry.object('valueFrom');
  const secret = from && readSecretKey(from.object('secretKeyRef'));
  from?.end();
  entry.end();
  if (name === undefined) {
    entry.problem('name', 'is missing');
    return undefined;
  }
  if (from === undefined) return { name, value: value ?? '' };
  return secret === undefined ? undefined : { name, secret };
}

function readSecretKey(of: Fields | undefined): SecretReference | undefined {
  if (of === undefined) return undefined;
  const name = of.text('name');
  const version = readVersion(of);
  of.end();
  return name === undefined || version === undefined ? undefined : { name, version };
}

/** A key of a Secret names a version, as `tow export` writes it. */
export function readVersion(of: Fields): number | 'latest' | undefined {
  const key = of.text('key');
  const [, version] = /^(?:version-)?([1-9]\d{0,8}|latest)$/.exec(key ?? '') ?? [];
  if (version === undefined) {
    of.problem('key', 'must name a version of the secret, as in version-1 or version-latest');
    return undefined;
  }
  return version === 'latest' ? version : Number(version);
}

/** Limits; what is asked for beside them says nothing here. */
export function readResources(of: Fields, isOfGpuClass: boolean): NonNullable<ContainerPart['resources']> {
  const resources = of.part('resources');
  const limits = resources.part('limits');
  const cpu = quantity(limits, 'cpu', cpuMillis);
  const memory = quantity(limits, 'memory', (text) => sizeMiB(text, 'memory'));
  const gpus = readGpus(limits, isOfGpuClass);
  limits.end();
  resources.end();
  return present({ cpuMillis: cpu, memoryMiB: memory, gpus });
}

/**
 * A device is a resource with a domain. Classes may count their GPUs as any: where the pod's nodeSelector names one, a
 * device is its GPUs, elsewhere only what is called so.
 */
function readGpus(limits: Fields, isOfGpuClass: boolean): number | undefined {
  const [first] = limits.names().filter((name) => (isOfGpuClass ? name.includes('/') : /\/gpu$/.test(name)));
  return first === undefined ? undefined : limits.whole(first);
}

/** A quantity by the rules of the flag of the same name. */
export function quantity(of: Fields, name: string, read: (text: string) => number): number | undefined {
  const value = of.take(name);
  if (value === undefined) return undefined;
  try {
    return read(typeof value === 'string' ? value : JSON.stringify(value));
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    of.problem(name, `${error.message} ${error.nextStep ?? ''}`.trim());
    return undefined;
  }
}

const NUMBERS = ['initialDelaySeconds', 'periodSeconds', 'timeoutSeconds', 'failureThreshold'] as const;

/** A probe; `takePort` reads which port its question is put to. */
export function readProbe(of: Fields | undefined, takePort: (question: Fields) => void): Probe | undefined {
  if (of === undefined) return undefined;
  const question = readQuestion(of, takePort);
  const numbers = NUMBERS.map((name) => [name, of.whole(name)] as const);
  of.only('successThreshold', 1);
  of.end();
  const said = Object.fromEntries(numbers.filter(([, value]) => value !== undefined));
  return question && { ...question, ...said };
}

function readQuestion(of: Fields, takePort: (question: Fields) => void): Probe | undefined {
  for (const [name, read] of QUESTIONS) {
    const asked = of.object(name);
    if (asked === undefined) continue;
    takePort(asked);
    const question = read(asked);
    asked.end();
    return question;
  }
  of.problem(undefined, 'must have one of httpGet, tcpSocket, grpc');
  return undefined;
}

const DEFAULT_PORT = 8080;

const QUESTIONS: readonly [string, (of: Fields) => Probe][] = [
  [
    'httpGet',
    (of) => {
      of.only('scheme', 'HTTP');
      return { type: 'http', path: of.text('path') ?? '/' };
    },
  ],
  ['tcpSocket', () => ({ type: 'tcp' })],
  [
    'grpc',
    (of) => {
      const service = of.text('service');
      return { type: 'grpc', ...(service === undefined ? {} : { service }) };
    },
  ],
];
