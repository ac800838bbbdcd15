import { newId, revisionName } from '#libs/domain';
import type { Digest, EnvEntry, PinnedEnvEntry, PublicError, Secret } from '#libs/domain';
import type { RevisionRecord } from '#libs/store';
import type { Draft } from './draft.js';

/** Makes the revision of the present template, once its image has a digest. One for each template, for ever. */
export function revisionStep(draft: Draft): void {
  const own = draft.ownRevision;
  if (own) return draft.state('revision', 'succeeded', `Revision ${own.name}.`);
  const digest = draft.build?.imageDigest;
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

function newRevision(draft: Draft, imageDigest: Digest): RevisionRecord {
  const { service, records, now } = draft;
  const { id: serviceId, organizationId, projectId, name, template } = service;
  const { source: _source, image: _image, revisionSuffix, env, ...rest } = template;
  const number = (draft.revisions.at(-1)?.number ?? 0) + 1;
  return {
    id: newId('rev', now, draft.tools.random),
    organizationId,
    projectId,
    serviceId,
    name: revisionName(name, number, revisionSuffix),
    number,
    templateGeneration: records.templateGeneration,
    spec: { ...rest, imageDigest, env: env.map((entry) => pinned(entry, records.secrets)) },
    status: { conditions: [], instances: 0 },
    createdAt: now,
  };
}

/** `latest` becomes the newest version's number, so that a revision means the same for ever. */
function pinned(entry: EnvEntry, secrets: readonly Secret[]): PinnedEnvEntry {
  if (!('secret' in entry)) return entry;
  const secret = secrets.find(({ name }) => name === entry.secret.name);
  if (!secret) throw new Error(`secret of ${entry.name} was not checked`);
  return { name: entry.name, secret: { id: secret.id, version: versionOf(entry, secret) ?? 0 } };
}

function versionOf(entry: Extract<EnvEntry, { secret: unknown }>, secret: Secret): number | undefined {
  const { version } = entry.secret;
  const wanted = version === 'latest' ? secret.versions.at(-1)?.number : version;
  return secret.versions.find(({ number }) => number === wanted)?.number;
}

function missingSecret({ service, records }: Draft): PublicError | undefined {
  const index = service.template.env.findIndex((entry) => {
    if (!('secret' in entry)) return false;
    const secret = records.secrets.find(({ name }) => name === entry.secret.name);
    return secret === undefined || versionOf(entry, secret) === undefined;
  });
  if (index === -1) return undefined;
  const message = `The environment names a secret, or a version of one, that does not exist.`;
  return {
    code: 'FAILED_PRECONDITION',
    message,
    violations: [{ field: `template.env[${index}].secret`, message: 'does not exist' }],
    nextStep: 'Create the secret, or take the entry out, and deploy again.',
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
