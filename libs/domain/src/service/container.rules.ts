import type { Secret } from '../secret/secret.types.js';
import type {
  PinnedSecret,
  PinnedSidecar,
  RevisionSpec,
  SecretReference,
  Sidecar,
  Template,
} from './service.types.js';

const CONTAINER_FIELDS = ['image', 'args', 'probes', 'files', 'volumes', 'sidecars'] as const;

/** Field paths of a template that only a cluster can run which runs any container (see CONTAINERS). */
export function containerFields(
  template: Pick<Template | RevisionSpec, (typeof CONTAINER_FIELDS)[number]>,
): string[] {
  return CONTAINER_FIELDS.filter((name) => template[name] !== undefined).map((name) => `template.${name}`);
}

/** Every secret that a template names, with the path of the field that names it. */
export function secretReferences(
  template: Pick<Template, 'env' | 'files' | 'pullSecret' | 'sidecars'>,
): NamedSecret[] {
  return [
    ...ofContainer('template', template),
    ...(template.sidecars ?? []).flatMap((sidecar, index) =>
      ofContainer(`template.sidecars[${index}]`, sidecar),
    ),
  ];
}

interface NamedSecret {
  field: string;
  secret: SecretReference;
}

function ofContainer(
  at: string,
  { pullSecret, env, files = [] }: Pick<Sidecar, 'pullSecret' | 'env' | 'files'>,
): NamedSecret[] {
  return [
    ...(pullSecret === undefined ? [] : [{ field: `${at}.pullSecret`, secret: pullSecret }]),
    ...env.flatMap((entry, index) =>
      'secret' in entry ? [{ field: `${at}.env[${index}].secret`, secret: entry.secret }] : [],
    ),
    ...files.map(({ secret }, index) => ({ field: `${at}.files[${index}].secret`, secret })),
  ];
}

/** Every secret version that a revision needs where it runs. */
export function pinnedSecrets(revision: PinnedParts & { sidecars?: readonly PinnedParts[] }): PinnedSecret[] {
  const { env, files = [], pullSecret, sidecars = [] } = revision;
  return [
    ...(pullSecret === undefined ? [] : [pullSecret]),
    ...env.flatMap((entry) => ('secret' in entry ? [entry.secret] : [])),
    ...files.map(({ secret }) => secret),
    ...sidecars.flatMap((sidecar) => pinnedSecrets(sidecar)),
  ];
}

type PinnedParts = Pick<PinnedSidecar, 'env' | 'files' | 'pullSecret'>;

/** `latest` becomes the newest version's number, so that a revision means the same for ever. Undefined: it is not there. */
export function pinSecret(
  { name, version }: SecretReference,
  secrets: readonly Secret[],
): PinnedSecret | undefined {
  const secret = secrets.find((one) => one.name === name);
  const wanted = version === 'latest' ? secret?.versions.at(-1)?.number : version;
  const there = secret?.versions.find(({ number }) => number === wanted);
  return secret && there && { id: secret.id, version: there.number };
}

/** The folder of an absolute path. */
export function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'));
}
