import { sees, type ApiKey } from '#libs/domain';
import { findKey, listKeys as listStored, type PageRequest } from '#libs/store';
import type { Call } from '../call/call.js';
import { notFound } from '../call/not-found.js';
import { showKey } from './key.view.js';

/** A key the caller reaches; a credential of one project reaches that project's keys only. */
export async function keyOf(call: Call, id: string): Promise<ApiKey> {
  const { actor, tx } = call;
  const key = await findKey(tx, actor.organizationId, id);
  const reached = key && sees(actor, key) && (actor.projectId === undefined || key.projectId !== undefined);
  if (!reached) throw notFound('key');
  return key;
}

export async function listKeys(call: Call, page: PageRequest): Promise<ReturnType<typeof showKey>[]> {
  const { actor, tx } = call;
  return (await listStored(tx, actor.organizationId, page, actor.projectId)).map(showKey);
}
