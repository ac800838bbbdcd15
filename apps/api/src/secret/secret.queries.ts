import type { Secret } from '#libs/domain';
import { findSecret, listSecrets as listStored, type PageRequest } from '#libs/store';
import type { Call } from '../call/call.js';
import { notFound } from '../call/not-found.js';
import { projectOf } from '../project/project.queries.js';
import { showSecret } from './secret.view.js';

/** The secret of that name or id in a project. */
export async function secretOf(call: Call, input: { project: string; secret: string }): Promise<Secret> {
  const project = await projectOf(call, input.project);
  const secret = await findSecret(call.tx, project.organizationId, project.id, input.secret);
  if (!secret) throw notFound('secret');
  return secret;
}

export async function getSecret(
  call: Call,
  input: { project: string; secret: string },
): Promise<ReturnType<typeof showSecret>> {
  return showSecret(await secretOf(call, input));
}

export async function listSecrets(
  call: Call,
  input: { project: string },
  page: PageRequest,
): Promise<ReturnType<typeof showSecret>[]> {
  const project = await projectOf(call, input.project);
  return (await listStored(call.tx, project.organizationId, project.id, page)).map(showSecret);
}
