import { Option, type Command } from 'commander';
import type { SecretReference, SidecarProbe, VolumeMount } from '#libs/domain';
import { usageError } from '../exit.js';
import { isPath, secretOf, type EnvChange, type FileChange } from './env.flags.js';
import { listOf, parsePairs } from './pairs.js';
import { cpuMillis, sizeMiB } from './quantity.js';

/** Flags of containers beside the one that serves. */
export interface SidecarFlags {
  sidecar?: SidecarBody[];
  removeSidecar?: string[];
  clearSidecars?: boolean;
}

/** One entry of a merge patch; the list is keyed by name, `image: null` takes one away. */
export interface SidecarBody {
  name: string;
  image: string | null;
  pullSecret?: SecretReference;
  command?: string[];
  args?: string[];
  env?: EnvChange[];
  files?: FileChange[];
  resources?: { cpuMillis?: number | null; memoryMiB?: number | null };
  probes?: { startup?: SidecarProbe; liveness?: SidecarProbe };
  mounts?: VolumeMount[];
}

const FLAG = '--sidecar';
const EXAMPLE = 'Write name=log,image=registry.example/log:1[,cpu=100m][,memory=64Mi][,env.LEVEL=info].';

export function declareSidecarFlags(command: Command): void {
  command
    .option(
      `${FLAG} <KEY=VALUE,…>`,
      'a container beside the program, e.g. name=log,image=registry.example/log:1,cpu=100m,env.LEVEL=info',
      (text: string, before: SidecarBody[] | undefined) => [...(before ?? []), sidecarOf(text)],
    )
    .option('--remove-sidecar <names>', 'take such containers away', listOf('--remove-sidecar'))
    .addOption(
      new Option('--clear-sidecars', 'take all such containers away').conflicts(['sidecar', 'removeSidecar']),
    );
}

export function sidecarsBody(flags: SidecarFlags): { sidecars?: SidecarBody[] | null } {
  if (flags.clearSidecars === true) return { sidecars: null };
  const removed = (flags.removeSidecar ?? []).map((name) => ({ name, image: null }));
  const sidecars = [...removed, ...(flags.sidecar ?? [])];
  return sidecars.length === 0 ? {} : { sidecars };
}

const words = (text: string): string[] => text.split(' ').filter((word) => word !== '');

/** What each key says; keys with a dot are of one entry of a list. */
const KEYS: Record<string, (text: string) => Partial<SidecarBody>> = {
  name: (name) => ({ name }),
  image: (image) => ({ image }),
  'pull-secret': (text) => ({ pullSecret: secretOf(FLAG)(text) }),
  command: (text) => ({ command: words(text) }),
  args: (text) => ({ args: words(text) }),
};

function sidecarOf(text: string): SidecarBody {
  const found: Partial<SidecarBody> = {};
  const [env, files, mounts]: [EnvChange[], FileChange[], VolumeMount[]] = [[], [], []];
  const resources: NonNullable<SidecarBody['resources']> = {};
  const read: Record<string, (value: string, entry: string) => unknown> = {
    cpu: (value) => (resources.cpuMillis = cpuMillis(value)),
    memory: (value) => (resources.memoryMiB = sizeMiB(value, `${FLAG} memory`)),
    'env.': (value, name) => env.push({ name, value }),
    'secret.': (value, name) => {
      const secret = secretOf(FLAG)(value);
      return isPath(name) ? files.push({ path: name, secret }) : env.push({ name, secret });
    },
    'mount.': (mountPath, volume) => mounts.push({ volume, mountPath }),
  };
  for (const [key, value] of parsePairs(text, FLAG)) {
    const { kind, entry } = kindOf(key);
    const take = read[kind];
    if (take === undefined) Object.assign(found, readKey(key, value));
    else take(value, entry);
  }
  const said = Object.entries({ env, files, resources, mounts }).filter(
    ([, of]) => Object.keys(of).length > 0,
  );
  return { ...found, ...identityOf(found), ...(Object.fromEntries(said) as Partial<SidecarBody>) };
}

/** `env.NAME` is NAME of kind `env.`; a key without an entry is its own kind, and none where an entry is missing. */
function kindOf(key: string): { kind: string; entry: string } {
  const [, kind, entry] = /^(\w+\.)(.+)$/.exec(key) ?? [];
  return kind === undefined || entry === undefined
    ? { kind: key.replace(/\.$/, ''), entry: '' }
    : { kind, entry };
}

function identityOf({ name, image }: Partial<SidecarBody>): { name: string; image: string } {
  if (name !== undefined && typeof image === 'string') return { name, image };
  throw usageError(`${FLAG} needs name and image.`, EXAMPLE);
}

function readKey(key: string, value: string): Partial<SidecarBody> {
  const read = KEYS[key];
  const known = `${Object.keys(KEYS).join(', ')}, cpu, memory, env.NAME, secret.NAME, secret./PATH, mount.VOLUME`;
  if (read === undefined) throw usageError(`${FLAG}: ${key} is not known.`, `Known are ${known}.`);
  return read(value);
}
