import { findRevision, listRevisions as listStored, type PageRequest } from '#libs/store';
import type { Call } from '../call/call.js';
import { notFound } from '../call/not-found.js';
import { serviceOf, type ServiceRef } from '../service/service.queries.js';
import { showRevision, type RevisionView } from './revision.view.js';

export async function getRevision(
  call: Call,
  input: ServiceRef & { revision: string },
): Promise<RevisionView> {
  const { service } = await serviceOf(call, input);
  const revision = await findRevision(call.tx, service.organizationId, service.id, input.revision);
  if (!revision) throw notFound('revision');
  return showRevision(revision);
}

/** Newest first. */
export async function listRevisions(
  call: Call,
  input: ServiceRef,
  page: PageRequest,
): Promise<RevisionView[]> {
  const { service } = await serviceOf(call, input);
  return (await listStored(call.tx, service.organizationId, service.id, page)).map(showRevision);
}
