import { PULL_SECRETS, SERVING_CONTAINER, parseImageReference } from '#libs/domain';
import type { SecretReference } from '#libs/domain';
import { CliError } from '../exit.js';
import { secretOf } from '../flags/env.flags.js';
import { parsePairs } from '../flags/pairs.js';
import type { Fields } from './fields.js';

/** A container that an image is pulled for; the serving one, which comes first, may have no name. */
export interface Puller {
  name: string | undefined;
  image: string | null | undefined;
}

/** The annotation that says which container a pull secret is for. */
export interface PullAnnotation {
  text: string | undefined;
  subject: Fields;
}

/** What the registry of a container's image asks for, by the container's name. */
export type PullSecrets = ReadonlyMap<string, SecretReference>;

/**
 * Kubernetes tries every pull secret at the registry that it names; here a secret is credentials and names none, so
 * that they go to no registry that they were not given for. Without the annotation one is for one registry.
 */
export function readPullSecrets(
  of: Fields,
  annotation: PullAnnotation,
  pullers: readonly Puller[],
): PullSecrets {
  const listed = of.list('imagePullSecrets').map((entry) => ({ entry, name: entry.text('name') }));
  for (const { entry, name } of listed) {
    if (name === undefined) entry.problem('name', 'is missing');
    entry.end();
  }
  const secrets = annotation.text === undefined ? ofOneRegistry(listed, pullers) : readAnnotation(annotation);
  if (annotation.text !== undefined) compare(annotation.subject, secrets, listed, pullers);
  return secrets;
}

type Listed = readonly { entry: Fields; name: string | undefined }[];

function ofOneRegistry(listed: Listed, pullers: readonly Puller[]): PullSecrets {
  const [first] = listed;
  if (first?.name === undefined) return new Map();
  const registries = new Set(pullers.map(({ image }) => parseImageReference(image ?? '')?.registry));
  if (listed.length > 1 || registries.size > 1)
    first.entry.problem(
      undefined,
      `is for one registry: with several, the annotation ${PULL_SECRETS} of spec.template.metadata says which container each is for, as in ${EXAMPLE}`,
    );
  return new Map([[nameOf(pullers[0]), { name: first.name, version: 'latest' }]]);
}

const EXAMPLE = `${SERVING_CONTAINER}=registry,log=other-registry:2`;
const nameOf = (puller: Puller | undefined): string => puller?.name ?? SERVING_CONTAINER;

function readAnnotation({ text = '', subject }: PullAnnotation): PullSecrets {
  try {
    const pairs = [...parsePairs(text, PULL_SECRETS)];
    return new Map(pairs.map(([container, secret]) => [container, secretOf(PULL_SECRETS)(secret)]));
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    subject.problem(PULL_SECRETS, `must be as in ${EXAMPLE}: ${error.message}`);
    return new Map();
  }
}

/** What clusters pull with, and what Towpath does, are the same. */
function compare(subject: Fields, secrets: PullSecrets, listed: Listed, pullers: readonly Puller[]): void {
  const names = new Set([...secrets.values()].map(({ name }) => name));
  for (const [container, { name }] of secrets) {
    if (!pullers.some((puller) => nameOf(puller) === container))
      subject.problem(PULL_SECRETS, `names ${container}, which is no container of the template`);
    if (!listed.some((one) => one.name === name))
      subject.problem(PULL_SECRETS, `names ${name}, which is not in imagePullSecrets`);
  }
  for (const { entry, name } of listed)
    if (!names.has(name ?? '')) entry.problem(undefined, `is for no container by ${PULL_SECRETS}`);
}
