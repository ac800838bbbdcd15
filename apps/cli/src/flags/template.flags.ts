import { Option, type Command } from 'commander';
import { ROLLOUTS } from '#libs/domain';
import type { Access, Protocol, Rollout, SecretReference, TrafficTarget } from '#libs/domain';
import type { TemplateView } from '../client/wire.types.js';
import {
  containerBody,
  declareContainerFlags,
  type ContainerBody,
  type ContainerFlags,
} from './container.flags.js';
import {
  envChanges,
  fileChanges,
  replacesEnv,
  secretOf,
  type FileChange,
  type EnvChange,
  type EnvFlags,
} from './env.flags.js';
import { listOf, pairsOf } from './pairs.js';
import { declareSidecarFlags, sidecarsBody, type SidecarBody, type SidecarFlags } from './sidecar.flags.js';
import { cpuMillis, durationSeconds, memoryMiB, wholeNumber } from './quantity.js';

/** Flags of `deploy` and `services update`, named as gcloud run names them. */
export interface TemplateFlags extends EnvFlags, ContainerFlags, SidecarFlags {
  memory?: number;
  cpu?: number;
  gpus?: number;
  gpuClass?: string;
  clearGpus?: boolean;
  concurrency?: number;
  timeout?: number;
  minInstances?: number;
  regions?: string[];
  clearRegions?: boolean;
  rollout?: Rollout;
  maxInstances?: number;
  port?: number;
  useHttp2?: boolean;
  command?: string[];
  pullSecret?: SecretReference;
  revisionSuffix?: string;
  allowUnauthenticated?: boolean;
  /** False with `--no-traffic`. */
  traffic?: boolean;
  tag?: string;
}

/** The body of a create or a merge patch of a service. */
export interface ServiceBody {
  name?: string;
  access?: Access;
  minInstances?: number;
  regions?: string[] | null;
  rollout?: Rollout;
  template?: TemplateBody;
  traffic?: TrafficTarget[];
  noTraffic?: true;
  tag?: string;
  version?: string;
}

interface ResourcesBody {
  cpuMillis?: number | null;
  memoryMiB?: number | null;
  gpus?: number | null;
  gpuClass?: string | null;
}

export interface TemplateBody extends ContainerBody {
  source?: { uploadId: string } | null;
  image?: string | null;
  pullSecret?: SecretReference | null;
  env?: EnvChange[];
  files?: FileChange[];
  sidecars?: SidecarBody[] | null;
  /** Of these null goes back to the default. */
  resources?: ResourcesBody;
  concurrency?: number | null;
  timeoutSeconds?: number | null;
  maxInstances?: number | null;
  port?: number | null;
  protocol?: Protocol | null;
  command?: string[] | null;
  revisionSuffix?: string;
}

/** Adds the flags to a command. */
export function declareTemplateFlags(command: Command): void {
  command
    .option('--memory <size>', 'memory of an instance, e.g. 512Mi or 2Gi', memoryMiB)
    .option('--cpu <cpus>', 'CPUs of an instance, e.g. 1 or 500m', cpuMillis)
    .addOption(
      new Option('--gpus <n>', 'whole GPUs of each instance')
        .argParser(wholeNumber('--gpus'))
        .conflicts('clearGpus'),
    )
    .addOption(new Option('--gpu-class <class>', 'of which class they are').conflicts('clearGpus'))
    .option('--clear-gpus', 'no GPUs')
    .option('--concurrency <n>', 'requests one instance serves at a time', wholeNumber('--concurrency'))
    .option('--timeout <time>', 'longest time of a request, e.g. 300 or 5m', durationSeconds('--timeout'))
    .option('--min-instances <n>', 'instances that always run', wholeNumber('--min-instances'))
    .addOption(
      new Option('--regions <regions>', 'one cluster in each of these, separated by comma')
        .argParser(listOf('--regions'))
        .conflicts('clearRegions'),
    )
    .option('--clear-regions', 'one cluster, wherever there is room')
    .addOption(
      new Option(
        '--rollout <how>',
        'where all GPUs are taken: the new revision waits, or the old one gives way',
      ).choices(ROLLOUTS),
    )
    .option('--max-instances <n>', 'most instances at a time', wholeNumber('--max-instances'))
    .option('--port <port>', 'port the program listens on (it is told in PORT)', wholeNumber('--port'))
    .option('--use-http2', 'speak HTTP/2 (h2c) to the program; needed for gRPC')
    .option('--no-use-http2', 'speak HTTP/1.1 to the program')
    .option(
      '--command <words>',
      'start the program by this command, words separated by comma',
      listOf('--command'),
    )
    .option(
      '--pull-secret <secret[:version]>',
      'secret with user:password of the registry that holds the image',
      secretOf('--pull-secret'),
    )
    .option('--revision-suffix <suffix>', 'name the revision <service>-<suffix>')
    .option('--allow-unauthenticated', 'public: everyone may call it')
    .option('--no-allow-unauthenticated', 'private: only callers with the invoke permission')
    .option('--no-traffic', 'give the new revision no traffic yet')
    .option('--tag <tag>', 'give the new revision a tag, which has a URL of its own');
  declareEnvFlags(command, 'env-vars', 'environment', 'NAME=value,…');
  declareEnvFlags(command, 'secrets', 'secrets as variables or files', 'NAME|/path=secret:version|latest,…');
  declareContainerFlags(command);
  declareSidecarFlags(command);
}

function declareEnvFlags(command: Command, what: string, words: string, pairs: string): void {
  const [set, update, remove, clear] = ['set', 'update', 'remove', 'clear'].map(
    (verb) => `--${verb}-${what}`,
  ) as [string, string, string, string];
  const others = [update, remove, clear].map(attribute);
  command
    .addOption(
      new Option(`${set} <${pairs}>`, `replace the ${words}`).argParser(pairsOf(set)).conflicts(others),
    )
    .addOption(new Option(`${update} <${pairs}>`, `add to the ${words} or change`).argParser(pairsOf(update)))
    .addOption(new Option(`${remove} <NAME,…>`, `remove from the ${words}`).argParser(listOf(remove)))
    .addOption(new Option(clear, `remove all ${words}`));
}

function attribute(flag: string): string {
  return new Option(flag).attributeName();
}

/** What of a template flags may replace. */
type Current = Pick<TemplateView, 'env' | 'files'>;

/** What the flags change, as a body for POST or PATCH. `current` is the service's template, nothing for a new one. */
export function serviceBody(flags: TemplateFlags, current: Current = { env: [] }): ServiceBody {
  const template = templateBody(flags, current);
  return {
    ...optional('access', accessOf(flags.allowUnauthenticated)),
    ...optional('minInstances', flags.minInstances),
    ...optional('regions', flags.clearRegions ? null : flags.regions),
    ...optional('rollout', flags.rollout),
    ...optional('template', Object.keys(template).length > 0 ? template : undefined),
    ...optional('noTraffic', flags.traffic === false ? (true as const) : undefined),
    ...optional('tag', flags.tag),
  };
}

/** Whether the body is only right for the state it was made from. */
export function dependsOnState(flags: TemplateFlags): boolean {
  return replacesEnv(flags);
}

function templateBody(flags: TemplateFlags, current: Current): TemplateBody {
  const resources = resourcesBody(flags);
  return {
    ...optional('env', envChanges(flags, current.env)),
    ...optional('files', fileChanges(flags, current.files ?? [])),
    ...optional('resources', Object.keys(resources).length > 0 ? resources : undefined),
    ...optional('concurrency', flags.concurrency),
    ...optional('timeoutSeconds', flags.timeout),
    ...optional('maxInstances', flags.maxInstances),
    ...optional('port', flags.port),
    ...optional('protocol', protocolOf(flags.useHttp2)),
    ...optional('command', flags.command?.length === 0 ? null : flags.command),
    ...containerBody(flags),
    ...sidecarsBody(flags),
    ...optional('pullSecret', flags.pullSecret),
    ...optional('revisionSuffix', flags.revisionSuffix),
  };
}

function resourcesBody({ cpu, memory, gpus, gpuClass, clearGpus }: TemplateFlags): ResourcesBody {
  return {
    ...optional('cpuMillis', cpu),
    ...optional('memoryMiB', memory),
    ...optional('gpus', clearGpus ? null : gpus),
    ...optional('gpuClass', clearGpus ? null : gpuClass),
  };
}

function accessOf(allowUnauthenticated: boolean | undefined): Access | undefined {
  if (allowUnauthenticated === undefined) return undefined;
  return allowUnauthenticated ? 'public' : 'private';
}

function protocolOf(useHttp2: boolean | undefined): Protocol | undefined {
  if (useHttp2 === undefined) return undefined;
  return useHttp2 ? 'h2c' : 'http1';
}

function optional<K extends string, V>(name: K, value: V | undefined): { [P in K]?: V } {
  return (value === undefined ? {} : { [name]: value }) as { [P in K]?: V };
}
