import { sees } from '#libs/domain';
import {
  findOperation,
  listOperations as listStored,
  type NamedOperation,
  type PageRequest,
} from '#libs/store';
import type { ApiParts } from '../api.parts.js';
import type { Call, Caller } from '../call/call.js';
import { notFound } from '../call/not-found.js';
import { projectOf } from '../project/project.queries.js';
import { showOperation, type OperationView } from './operation.view.js';

export async function operationOf(call: Call, id: string): Promise<NamedOperation> {
  const { actor, tx } = call;
  const operation = await findOperation(tx, actor.organizationId, id);
  if (!operation || !sees(actor, operation)) throw notFound('operation');
  return operation;
}

export async function getOperation(call: Call, input: { operation: string }): Promise<OperationView> {
  return showOperation(await operationOf(call, input.operation));
}

/** Newest first; of a project, of a service (by id or name), or of everything the caller reaches. */
export async function listOperations(
  call: Call,
  input: { project?: string | undefined; service?: string | undefined },
  page: PageRequest,
): Promise<OperationView[]> {
  const { actor, tx } = call;
  const projectId = input.project === undefined ? actor.projectId : (await projectOf(call, input.project)).id;
  const only = { projectId, service: input.service };
  return (await listStored(tx, actor.organizationId, page, only)).map(showOperation);
}

/** The operation as it is now, in a transaction of its own. */
export function readOperation(parts: ApiParts, caller: Caller, id: string): Promise<OperationView> {
  const { actor, requestId, from } = caller;
  return parts.db.inTenant(actor.organizationId, (tx) =>
    getOperation({ actor, requestId, from, tx, parts, now: parts.clock.now() }, { operation: id }),
  );
}
