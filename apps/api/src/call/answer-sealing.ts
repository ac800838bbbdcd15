import { dataKeyOf, seal, unseal, type DataKey, type Tx } from '#libs/store';
import type { ApiParts } from '../api.parts.js';
import type { Caller } from './call.js';
import type { OperationDefinition } from './definition.js';

/** What of an answer is kept for an Idempotency-Key; a confidential one (a new API key) only sealed. */
export async function sealAnswer(
  parts: ApiParts,
  tx: Tx,
  caller: Caller,
  definition: OperationDefinition,
  body: Record<string, unknown>,
): Promise<unknown> {
  if (!definition.confidential) return body;
  const dataKey = await keyOf(parts, tx, caller);
  const sealed = seal(dataKey.key, aboutOf(caller), Buffer.from(JSON.stringify(body)));
  return { sealed: sealed.toString('base64') };
}

/** The answer as it was given the first time. */
export async function openAnswer(
  parts: ApiParts,
  tx: Tx,
  caller: Caller,
  definition: OperationDefinition,
  kept: unknown,
): Promise<Record<string, unknown>> {
  if (!definition.confidential) return kept as Record<string, unknown>;
  const dataKey = await keyOf(parts, tx, caller);
  const { sealed } = kept as { sealed: string };
  const plain = unseal(dataKey.key, aboutOf(caller), Buffer.from(sealed, 'base64'));
  return JSON.parse(plain.toString('utf8')) as Record<string, unknown>;
}

function keyOf(parts: ApiParts, tx: Tx, { actor }: Caller): Promise<DataKey> {
  const made = { now: parts.clock.now(), random: parts.random };
  return dataKeyOf(tx, actor.organizationId, parts.masterKey, made);
}

function aboutOf({ actor }: Caller): string {
  return `${actor.organizationId}|answer|${actor.id}`;
}
