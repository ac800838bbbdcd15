import { Readable } from 'node:stream';
import { Inject, Injectable } from '@nestjs/common';
import type { Actor } from '#libs/domain';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { API_PARTS, type ApiParts } from '../../api.parts.js';
import type { Caller } from '../../call/call.js';
import type { OperationDefinition } from '../../call/definition.js';
import { execute } from '../../call/execute.js';
import { follow } from '../../call/follow.js';
import { Credentials } from '../../credential/credentials.js';
import { OpenStreams } from '../open-streams.js';
import { problemOf, tellable } from '../problem.js';
import { eventStream } from './event-stream.js';
import { originOf } from './origin.js';
import { requestIdOf } from './request-id.js';
import { restInput, type RestMessage } from './rest.input.js';

export type RestRequest = FastifyRequest & { user: Actor };

/** Serves every operation over HTTP; what differs between operations stands in their definitions. */
@Injectable()
export class RestFace {
  constructor(
    @Inject(API_PARTS) private readonly parts: ApiParts,
    @Inject(Credentials) private readonly credentials: Credentials,
    @Inject(OpenStreams) private readonly streams: OpenStreams,
  ) {}

  async answer(definition: OperationDefinition, request: RestRequest, reply: FastifyReply): Promise<void> {
    const asked = { requestId: requestIdOf(reply), from: originOf(request) };
    const raw = restInput(definition, request as unknown as RestMessage);
    if (definition.stream && wantsStream(definition, request, raw)) {
      await this.follow(definition, { ...asked, actor: request.user }, raw, request, reply);
      return;
    }
    const key = request.headers['idempotency-key'];
    const { status, body } = await execute(this.parts, definition, {
      ...asked,
      actor: request.user,
      raw,
      ...(typeof key === 'string' ? { idempotencyKey: key } : {}),
      ...(definition.body !== undefined && request.body instanceof Readable ? { body: request.body } : {}),
    });
    if (typeof body['version'] === 'string') void reply.header('etag', `"${body['version']}"`);
    void reply.status(status).send(body);
  }

  private async follow(
    definition: OperationDefinition,
    caller: Caller,
    raw: Record<string, unknown>,
    request: RestRequest,
    reply: FastifyReply,
  ): Promise<void> {
    const { signal, closed } = this.streams.start(caller.actor.organizationId);
    reply.raw.once('close', closed);
    try {
      const { authorization } = request.headers;
      const authenticate = (): Promise<Actor> => this.credentials.authenticate(authorization);
      const events = await follow(this.parts, definition, { ...caller, raw, signal, authenticate });
      const text = eventStream(events, (error) =>
        problemOf(tellable(error, caller.requestId, this.parts.logger), caller.requestId),
      );
      void reply.status(200).header('content-type', 'text/event-stream').header('x-accel-buffering', 'no');
      void reply.send(Readable.from(text));
    } catch (error) {
      closed();
      throw error;
    }
  }
}

function wantsStream(
  definition: OperationDefinition,
  request: FastifyRequest,
  raw: Record<string, unknown>,
): boolean {
  if (definition.kind === 'stream' || raw['follow'] === true) return true;
  return (request.headers.accept ?? '').includes('text/event-stream');
}
