import { newId, pinSecret, revisionName, secretReferences } from '#libs/domain';
import type {
  Digest,
  EnvEntry,
  PinnedEnvEntry,
  PinnedSecret,
  PublicError,
  Secret,
  SecretFile,
  SecretReference,
} from '#libs/domain';
import type { RevisionRecord } from '#libs/store';
import type { Draft } from './draft.js';

/** Makes the revision of the present template, once its image has a digest. One for each template, for ever. */
export function revisionStep(draft: Draft): void {
  const own = draft.ownRevision;
  if (own) return draft.state('revision', 'succeeded', `Revision ${own.name}.`);
  const digest = digestOf(draft);
  if (digest === undefined) return draft.state('revision', 'running', 'Waits for the image.');
  const missing = missingSecret(draft);
  if (missing) return fail(draft, missing);
  const made = newRevision(draft, digest);
  if (draft.revisions.some((revision) => revision.name === made.name))
    return fail(draft, nameTaken(made.name));
  draft.newRevision = made;
  draft.revisions = [...draft.revisions, made];
  draft.state('revision', 'succeeded', `Revision ${made.name}.`);
}

function digestOf({ service, build, seen }: Draft): Digest | undefined {
  if (service.template.image === undefined) return build?.imageDigest;
  return seen.image?.status === 'found' ? seen.image.digest : undefined;
}

function newRevision(draft: Draft, imageDigest: Digest): RevisionRecord {
  const { service, records, now } = draft;
  const { id: serviceId, organizationId, projectId, name, template } = service;
  const { source: _source, revisionSuffix, env, files, pullSecret, ...rest } = template;
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
      imageDigest,
      ...(pullSecret ? { pullSecret: pinnedSecret(pullSecret, records.secrets) } : {}),
      env: env.map((entry) => pinned(entry, records.secrets)),
      ...(files ? { files: files.map((file) => pinnedFile(file, records.secrets)) } : {}),
    },
    status: { conditions: [], instances: 0 },
    createdAt: now,
  };
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
