import { Option, type Command } from 'commander';
import type { Probe } from '#libs/domain';
import { usageError } from '../exit.js';
import { listOf, parsePairs } from './pairs.js';
import { sizeMiB, wholeNumber } from './quantity.js';

/** Flags of what only clusters run that run any container, named as gcloud run names them. */
export interface ContainerFlags {
  args?: string[];
  startupProbe?: ProbeFlag;
  readinessProbe?: ProbeFlag;
  livenessProbe?: ProbeFlag;
  addVolume?: VolumeFlag[];
  removeVolume?: string[];
  clearVolumes?: boolean;
}

/** `none` takes the probe away: commander knows no flag whose value is null. */
export type ProbeFlag = Probe | 'none';

export interface VolumeFlag {
  name: string;
  mountPath: string | null;
  medium?: 'memory' | 'disk';
  sizeMiB?: number;
}

/** The part of a template's body that they are. */
export interface ContainerBody {
  args?: string[] | null;
  probes?: { startup?: Probe | null; readiness?: Probe | null; liveness?: Probe | null };
  volumes?: VolumeFlag[] | null;
}

export function declareContainerFlags(command: Command): void {
  command.option('--args <words>', 'give the program these words, separated by comma', listOf('--args'));
  for (const [kind, what] of [
    ['startup', 'may start when this is well once'],
    ['readiness', 'takes requests while this is well'],
    ['liveness', 'is started again when this is not well'],
  ]) {
    const flag = `--${kind}-probe`;
    command.option(`${flag} <KEY=VALUE,…>`, `an instance ${what}, e.g. httpGet.path=/healthz`, probeOf(flag));
  }
  command
    .option(
      '--add-volume <KEY=VALUE,…>',
      'an empty folder, e.g. name=cache,mount-path=/cache,type=in-memory,size-limit=64Mi',
      (text: string, before: VolumeFlag[] | undefined) => [...(before ?? []), volumeOf(text)],
    )
    .option('--remove-volume <names>', 'take folders away', listOf('--remove-volume'))
    .addOption(
      new Option('--clear-volumes', 'take all folders away').conflicts(['addVolume', 'removeVolume']),
    );
}

export function containerBody(flags: ContainerFlags): ContainerBody {
  const { args, startupProbe, readinessProbe, livenessProbe } = flags;
  const probes = {
    ...(startupProbe === undefined ? {} : { startup: probeOrNull(startupProbe) }),
    ...(readinessProbe === undefined ? {} : { readiness: probeOrNull(readinessProbe) }),
    ...(livenessProbe === undefined ? {} : { liveness: probeOrNull(livenessProbe) }),
  };
  const removed = (flags.removeVolume ?? []).map((name) => ({ name, mountPath: null }));
  const volumes = [...removed, ...(flags.addVolume ?? [])];
  return {
    ...(args === undefined ? {} : { args: args.length === 0 ? null : args }),
    ...(Object.keys(probes).length === 0 ? {} : { probes }),
    ...(volumes.length === 0 ? {} : { volumes }),
    ...(flags.clearVolumes === true ? { volumes: null } : {}),
  };
}

const probeOrNull = (flag: ProbeFlag): Probe | null => (flag === 'none' ? null : flag);

const NUMBERS = ['initialDelaySeconds', 'periodSeconds', 'timeoutSeconds', 'failureThreshold'] as const;

/** Reads `httpGet.path=/x,periodSeconds=5`, `tcpSocket` or `grpc[.service=x]`; nothing takes the probe away. */
export function probeOf(flag: string): (text: string) => ProbeFlag {
  return (text) => {
    if (text === '') return 'none';
    const pairs = parsePairs(text.replace(/(^|,)(tcpSocket|grpc)(?=,|$)/g, '$1$2='), flag);
    const probe = wayOf(flag, pairs);
    for (const name of NUMBERS) {
      const value = taken(pairs, name);
      if (value !== undefined) probe[name] = wholeNumber(flag)(value);
    }
    const [unknown] = pairs.keys();
    if (unknown !== undefined)
      throw usageError(`${flag}: ${unknown} is not known.`, `Known are ${WAYS}, ${NUMBERS.join(', ')}.`);
    return probe;
  };
}

const WAYS = 'httpGet.path, tcpSocket, grpc, grpc.service';

function wayOf(flag: string, pairs: Map<string, string>): Probe {
  const path = taken(pairs, 'httpGet.path');
  const [service, tcp, grpc] = ['grpc.service', 'tcpSocket', 'grpc'].map((key) => taken(pairs, key));
  const ways: Probe[] = [
    ...(path === undefined ? [] : [{ type: 'http' as const, path }]),
    ...(tcp === undefined ? [] : [{ type: 'tcp' as const }]),
    ...(service === undefined ? [] : [{ type: 'grpc' as const, service }]),
    ...(grpc === undefined || service !== undefined ? [] : [{ type: 'grpc' as const }]),
  ];
  const [way] = ways;
  if (way === undefined || ways.length > 1)
    throw usageError(`${flag} needs one way to ask: ${WAYS}.`, `For example ${flag} httpGet.path=/healthz`);
  return way;
}

const MEDIA: Record<string, 'memory' | 'disk'> = { 'in-memory': 'memory', disk: 'disk' };

function volumeOf(text: string): VolumeFlag {
  const pairs = parsePairs(text, '--add-volume');
  const [name, mountPath] = [taken(pairs, 'name'), taken(pairs, 'mount-path')];
  const [type = 'disk', size] = [taken(pairs, 'type'), taken(pairs, 'size-limit')];
  const medium = MEDIA[type];
  const [unknown] = pairs.keys();
  if (name === undefined || mountPath === undefined || medium === undefined || unknown !== undefined)
    throw usageError(
      `--add-volume ${text} is not a volume.`,
      'Write name=cache,mount-path=/cache[,type=in-memory|disk][,size-limit=64Mi].',
    );
  return {
    name,
    mountPath,
    medium,
    ...(size === undefined ? {} : { sizeMiB: sizeMiB(size, '--add-volume') }),
  };
}

function taken(pairs: Map<string, string>, key: string): string | undefined {
  const value = pairs.get(key);
  pairs.delete(key);
  return value;
}
