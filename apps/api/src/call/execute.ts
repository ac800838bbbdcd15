import { TowpathError, can, canonical, isId, newId, type Actor } from '#libs/domain';
import { crashPoint } from '#libs/process';
import {
  claimIdempotencyKey,
  keyedDigest,
  storeAnswer,
  insertAudit,
  writeOutbox,
  writeServicesChanged,
} from '#libs/store';
import type { IdempotencyClaim, Tx } from '#libs/store';
import type { Readable } from 'node:stream';
import type { ApiParts } from '../api.parts.js';
import { openAnswer, sealAnswer } from './answer-sealing.js';
import type { Answer, Asked, Call, Caller, CommandCall } from './call.js';
import { keepsAnswers, type OperationDefinition, type ReceiveCall } from './definition.js';
import { readInput } from './input.js';
import { waitForEnd } from './wait.js';

/** One request for one operation, as a face hands it in; without an actor only what anyone may do is done. */
export interface Request extends Asked {
  actor?: Actor | undefined;
  /** Fields of path, query and body in one object, not yet checked. */
  raw: unknown;
  idempotencyKey?: string | undefined;
  body?: Readable;
}

/** A request whose caller is known. */
type Admitted = Request & Caller;

const MAX_KEY = 255;

/**
 * The one way through every operation: authorize, validate, do the work in one transaction, answer. Nothing is
 * written when any of it refuses.
 * @throws TowpathError
 */
export async function execute(
  parts: ApiParts,
  definition: OperationDefinition,
  request: Request,
): Promise<Answer> {
  const { open } = definition;
  if (open) {
    const { requestId, from } = request;
    const body = await open({ requestId, from, parts }, readInput(definition, request.raw));
    return { status: definition.rest.status, body: shown(definition, body) };
  }
  const admitted = { ...request, actor: actorOf(request) };
  authorize(admitted.actor, definition);
  const input = readInput(definition, request.raw);
  return carryOut(parts, definition, admitted, input);
}

async function carryOut(
  parts: ApiParts,
  definition: OperationDefinition,
  request: Admitted,
  input: Record<string, unknown>,
): Promise<Answer> {
  if (definition.kind === 'query' || definition.fetch) {
    const body = await (definition.fetch
      ? definition.fetch(outsideCall(parts, request), input)
      : read(parts, request, (call) => definition.handle(call as CommandCall, input, undefined)));
    return { status: definition.rest.status, body: shown(definition, body) };
  }
  const received = await receive(parts, definition, request, input);
  const answer = await change(parts, definition, request, input, received);
  return definition.waits ? waitForEnd(parts, request, answer, input['wait']) : answer;
}

function actorOf({ actor }: Request): Actor {
  if (actor) return actor;
  throw new TowpathError('UNAUTHENTICATED', 'The request carries no credential.');
}

/** @throws TowpathError PERMISSION_DENIED when the caller's role does not allow the operation */
export function authorize(actor: Actor, definition: OperationDefinition): void {
  const { permission } = definition;
  if (permission === 'any' || permission === 'anyone') return;
  if (permission === 'person') {
    if (isId('usr', actor.id)) return;
    throw new TowpathError('PERMISSION_DENIED', 'This is for a signed-in person; you call with an API key.', {
      nextStep: 'Sign in with e-mail and password.',
    });
  }
  if (can(actor, permission)) return refuseReadsOnly(actor, definition);
  throw new TowpathError(
    'PERMISSION_DENIED',
    `This needs the permission ${permission}, which you do not have.`,
    {
      nextStep: 'Ask an owner or admin of your organization for another role.',
    },
  );
}

/** @throws TowpathError FAILED_PRECONDITION for what changes something of an organization that is stopped */
function refuseReadsOnly({ readsOnly }: Actor, { kind, whileStopped }: OperationDefinition): void {
  if (readsOnly !== true || kind !== 'command' || whileStopped) return;
  throw new TowpathError(
    'FAILED_PRECONDITION',
    'Your organization is suspended or closing: it can be read, not changed.',
    {
      nextStep: 'The reason stands in `tow orgs describe`; ask the operator of this installation.',
    },
  );
}

/** One transaction bound to the caller's organization, when it is its turn. */
function inTurn<T>(
  { gate, db }: ApiParts,
  actor: Actor,
  work: (tx: Tx) => Promise<T>,
  isDeploy = false,
): Promise<T> {
  const { organizationId } = actor;
  return gate.run(organizationId, () => db.inTenant(organizationId, work), isDeploy);
}

/** Runs a query in a transaction of its own, bound to the caller's organization. */
export function read<T>(parts: ApiParts, caller: Caller, work: (call: Call) => Promise<T>): Promise<T> {
  const { actor, requestId, from } = caller;
  return inTurn(parts, actor, (tx) => work({ actor, requestId, from, tx, parts, now: parts.clock.now() }));
}

async function receive(
  parts: ApiParts,
  definition: OperationDefinition,
  request: Admitted,
  input: unknown,
): Promise<unknown> {
  if (!definition.receive) return undefined;
  if (!request.body) {
    throw new TowpathError('UNSUPPORTED_MEDIA_TYPE', `The body must be of type ${definition.body}.`);
  }
  return definition.receive(outsideCall(parts, request), input, request.body);
}

function outsideCall(parts: ApiParts, { actor, requestId, from }: Caller): ReceiveCall {
  const caller = { actor, requestId, from };
  return { ...caller, parts, read: (work) => read(parts, caller, work) };
}

async function change(
  parts: ApiParts,
  definition: OperationDefinition,
  request: Admitted,
  input: Record<string, unknown>,
  received: unknown,
): Promise<Answer> {
  const now = parts.clock.now();
  let woken = false;
  const work = async (tx: Tx): Promise<Answer> => {
    const claim = claimOf(parts, definition, request, input);
    const kept = claim && (await claimIdempotencyKey(tx, claim, now));
    if (kept)
      return { status: kept.status, body: await openAnswer(parts, tx, request, definition, kept.body) };
    const call = commandCall({ parts, definition, request, tx, now, wake: () => (woken = true) });
    const body = shown(definition, await definition.handle(call, input, received));
    const made = { status: definition.rest.status, body };
    if (claim) {
      const stored = await sealAnswer(parts, tx, request, definition, body);
      await storeAnswer(tx, claim, { status: made.status, body: stored }, now);
    }
    crashPoint('api.working');
    return made;
  };
  const answer = await inTurn(parts, request.actor, work, definition.waits);
  crashPoint('api.committed');
  // Nobody waits for it.
  if (woken) void parts.db.notify('outbox');
  return answer;
}

/** Only fields the output declares leave the house. */
function shown(definition: OperationDefinition, body: unknown): Record<string, unknown> {
  return definition.output.parse(body) as Record<string, unknown>;
}

function claimOf(
  parts: ApiParts,
  definition: OperationDefinition,
  request: Admitted,
  input: Record<string, unknown>,
): IdempotencyClaim | undefined {
  const { idempotencyKey: key, actor } = request;
  if (key === undefined || !keepsAnswers(definition)) return undefined;
  if (key.length === 0 || key.length > MAX_KEY || !/^[\x21-\x7e]+$/.test(key)) {
    const message = `must be 1 to ${MAX_KEY} visible ASCII characters`;
    throw new TowpathError('INVALID_ARGUMENT', `Idempotency-Key: ${message}`, {
      violations: [{ field: 'Idempotency-Key', message }],
    });
  }
  const { wait: _notPartOfTheRequest, ...asked } = input;
  const fingerprint = keyedDigest(parts.masterKey, `${definition.name} ${canonical(asked)}`);
  return { organizationId: actor.organizationId, actorId: actor.id, key, fingerprint };
}

function commandCall(made: {
  parts: ApiParts;
  definition: OperationDefinition;
  request: Admitted;
  tx: Tx;
  now: number;
  wake: () => void;
}): CommandCall {
  const { parts, definition, request, tx, now, wake } = made;
  const { actor, requestId, from } = request;
  const { organizationId } = actor;
  const id: CommandCall['newId'] = (prefix) => newId(prefix, parts.clock.now(), parts.random);
  return {
    actor,
    requestId,
    from,
    tx,
    now,
    parts,
    newId: id,
    audit: (object, change = {}, about = organizationId) =>
      insertAudit(tx, {
        id: id('aud'),
        organizationId: about,
        time: now,
        ...whoActs(actor),
        action: definition.name,
        object,
        requestId,
        ...change,
      }),
    servicesChanged: async (serviceIds, owner = organizationId) => {
      await writeServicesChanged(tx, owner, serviceIds, { now, random: parts.random });
      wake();
    },
    clusterChanged: async (clusterId) => {
      await writeOutbox(tx, { id: id('evt'), name: 'cluster.changed', key: clusterId, organizationId, now });
      wake();
    },
  };
}

/** Who the audit names: of a grant's key also the grant, and the operator who has it. */
export function whoActs({ id, grant }: Actor): { actorId: string; grantId?: string; onBehalfOf?: string } {
  return { actorId: id, ...(grant ? { grantId: grant.id, onBehalfOf: grant.operatorId } : {}) };
}
