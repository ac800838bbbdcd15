import { askedImages, newId, pinSecret, revisionName, secretReferences } from '#libs/domain';
import type {
  Digest,
  EnvEntry,
  PinnedEnvEntry,
  PinnedSecret,
  PinnedSidecar,
  PublicError,
  Secret,
  SecretFile,
  SecretReference,
  Sidecar,
} from '#libs/domain';
import type { RevisionRecord, ServiceRecords } from '#libs/store';
import type { Draft } from './draft.js';

/** Makes the revision of the present template, once its image has a digest. One for each template, for ever. */
export function revisionStep(draft: Draft): void {
  const own = draft.ownRevision;
  if (own) return draft.state('revision', 'succeeded', `Revision ${own.name}.`);
  const digests = digestsOf(draft);
  if (digests === undefined) return draft.state('revision', 'running', 'Waits for the image.');
  const missing = missingSecret(draft);
  if (missing) return fail(draft, missing);
  const made = newRevision(draft, digests);
  if (draft.revisions.some((revision) => revision.name === made.name))
    return fail(draft, nameTaken(made.name));
  draft.newRevision = made;
  draft.revisions = [...draft.revisions, made];
  draft.state('revision', 'succeeded', `Revision ${made.name}.`);
}

const IMAGE = 'template.image';

/** The digest of every image, by the field that names it; that of what is built by the serving container's. */
type Digests = (field: string) => Digest;

/** Undefined while one is not known. */
function digestsOf({ service, build, seen }: Draft): Digests | undefined {
  const built = service.template.image === undefined ? build?.imageDigest : undefined;
  const digests: Record<string, Digest> = {
    ...(seen.image?.status === 'found' ? seen.image.digests : {}),
    ...(built === undefined ? {} : { [IMAGE]: built }),
  };
  const fields = [IMAGE, ...askedImages(service.template).map(({ field }) => field)];
  if (!fields.every((field) => digests[field] !== undefined)) return undefined;
  return (field) => {
    const digest = digests[field];
    if (digest === undefined) throw new Error(`the image of ${field} was not checked`);
    return digest;
  };
}

function newRevision(draft: Draft, digestOf: Digests): RevisionRecord {
  const { service, records, now } = draft;
  const { id: serviceId, organizationId, projectId, name, template } = service;
  const { source: _source, revisionSuffix, env, files, sidecars, pullSecret, ...rest } = template;
  const number = (draft.revisions.at(-1)?.number ?? 0) + 1;
  return {
    id: newId('rev', now, draft.tools.random),
    organizationId,
    projectId,
    serviceId,
    name: revisionName(name, number, revisionSuffix),
    number,
    templateGeneration: records.templateGeneration,
    spec: {
      ...rest,
      imageDigest: digestOf(IMAGE),
      ...(records.runtimeTier ? { runtimeTier: records.runtimeTier } : {}),
      ...pinnedParts({ env, files, pullSecret }, records.secrets),
      ...(sidecars ? { sidecars: sidecars.map((one, at) => pinnedSidecar(one, at, digestOf, records)) } : {}),
    },
    status: { conditions: [], instances: 0 },
    createdAt: now,
  };
}

function pinnedSidecar(
  { pullSecret, env, files, ...rest }: Sidecar,
  index: number,
  digestOf: Digests,
  { secrets }: ServiceRecords,
): PinnedSidecar {
  const imageDigest = digestOf(`template.sidecars[${index}].image`);
  return { ...rest, imageDigest, ...pinnedParts({ env, files, pullSecret }, secrets) };
}

function pinnedParts(
  { env, files, pullSecret }: AskedParts,
  secrets: readonly Secret[],
): Pick<PinnedSidecar, 'env' | 'files' | 'pullSecret'> {
  return {
    ...(pullSecret ? { pullSecret: pinnedSecret(pullSecret, secrets) } : {}),
    env: env.map((entry) => pinned(entry, secrets)),
    ...(files ? { files: files.map((file) => pinnedFile(file, secrets)) } : {}),
  };
}

/** What of a container names secrets. */
interface AskedParts {
  env: readonly EnvEntry[];
  files: readonly SecretFile[] | undefined;
  pullSecret: SecretReference | undefined;
}

function pinned(entry: EnvEntry, secrets: readonly Secret[]): PinnedEnvEntry {
  return 'secret' in entry ? { name: entry.name, secret: pinnedSecret(entry.secret, secrets) } : entry;
}

function pinnedFile({ path, secret }: SecretFile, secrets: readonly Secret[]): SecretFile<PinnedSecret> {
  return { path, secret: pinnedSecret(secret, secrets) };
}

function pinnedSecret(reference: SecretReference, secrets: readonly Secret[]): PinnedSecret {
  const secret = pinSecret(reference, secrets);
  if (!secret) throw new Error(`secret ${reference.name} was not checked`);
  return secret;
}

function missingSecret({ service, records }: Draft): PublicError | undefined {
  const missing = secretReferences(service.template).find(
    ({ secret }) => pinSecret(secret, records.secrets) === undefined,
  );
  if (missing === undefined) return undefined;
  const message = `The template names a secret, or a version of one, that does not exist.`;
  return {
    code: 'FAILED_PRECONDITION',
    message,
    violations: [{ field: missing.field, message: 'does not exist' }],
    nextStep: 'Create the secret, or leave it out, and deploy again.',
  };
}

function nameTaken(name: string): PublicError {
  return {
    code: 'ALREADY_EXISTS',
    message: `A revision named ${name} exists.`,
    violations: [{ field: 'template.revisionSuffix', message: 'is taken' }],
    nextStep: 'Deploy again with another suffix.',
  };
}

function fail(draft: Draft, error: PublicError): void {
  draft.state('revision', 'failed', error.message, error);
}
