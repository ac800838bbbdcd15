import {
  PEOPLE_ASKS,
  identitySubject,
  type Ask,
  type PeopleAnswer,
  type PeopleRequest,
  type PeopleVerb,
} from '#libs/bus';
import type { Actor, Id } from '#libs/domain';
import type { Asked } from '../call/call.js';
import type { ApiParts } from '../api.parts.js';

/** Has identity do something about people: it alone knows passwords and signs tokens. @throws TowpathError as told */
export async function askIdentity<V extends PeopleVerb>(
  call: Asked & { parts: ApiParts },
  verb: V,
  asked: Omit<PeopleRequest<V>, 'schemaVersion' | 'by'>,
): Promise<PeopleAnswer<V>> {
  const { requestId, from, parts } = call;
  const request = { ...asked, schemaVersion: 1, by: { requestId, ...from } } as unknown as PeopleRequest<V>;
  const schemas = PEOPLE_ASKS[verb] as unknown as Ask<PeopleRequest<V>, PeopleAnswer<V>>;
  return parts.bus.ask(identitySubject(verb), schemas, request);
}

/** The caller of an operation for signed-in people. */
export function personOf({ actor }: { actor: Actor }): PeopleRequest<'sessions'>['person'] {
  const { id, organizationId, sessionId } = actor;
  if (sessionId === undefined) throw new Error('the caller is no person');
  return { userId: id as Id<'usr'>, sessionId, organizationId };
}
