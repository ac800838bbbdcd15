import { newId, TowpathError } from '#libs/domain';
import { insertAudit } from '#libs/store';
import type { ApiParts } from '../api.parts.js';
import type { Caller } from './call.js';
import type { Download, OperationDefinition } from './definition.js';
import { authorize, read, whoActs } from './execute.js';
import type { FollowRequest } from './follow.js';
import { readInput } from './input.js';

/** Rights of an open download are looked at again this often. */
const RECHECK_MS = 1_500;

/**
 * Opens the stream of bytes of an operation. It breaks off once the caller's credential or right has ended.
 * @throws TowpathError when the caller may not have it or it does not exist
 */
export async function download(
  parts: ApiParts,
  definition: OperationDefinition,
  request: FollowRequest,
): Promise<Download> {
  authorize(request.actor, definition);
  const input = readInput(definition, request.raw);
  const { actor, requestId, from, signal } = request;
  const caller = { actor, requestId, from };
  const made = await definition.download?.(
    {
      ...caller,
      parts,
      read: (work) => read(parts, caller, work),
      audit: (object) => audit(parts, definition, caller, object),
    },
    input,
  );
  if (!made) throw new TowpathError('NOT_SUPPORTED', `${definition.name} cannot be downloaded.`);
  const recheck = async (): Promise<void> => authorize(await request.authenticate(), definition);
  return { ...made, body: whileAllowed(made.body, recheck, signal) };
}

async function* whileAllowed(
  body: AsyncIterable<Uint8Array>,
  recheck: () => Promise<void>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  let due = Date.now() + RECHECK_MS;
  for await (const chunk of body) {
    if (signal.aborted) throw new Error('the download was cut off');
    if (Date.now() >= due) {
      await recheck();
      due = Date.now() + RECHECK_MS;
    }
    yield chunk;
  }
}

async function audit(
  parts: ApiParts,
  { name: action }: OperationDefinition,
  { actor, requestId }: Caller,
  object: string,
): Promise<void> {
  const { organizationId } = actor;
  const time = parts.clock.now();
  const row = { id: newId('aud', time, parts.random), organizationId, time, ...whoActs(actor) };
  await parts.db.inTenant(organizationId, (tx) => insertAudit(tx, { ...row, action, object, requestId }));
}
