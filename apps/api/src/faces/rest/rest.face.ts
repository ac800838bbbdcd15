import { Readable } from 'node:stream';
import { Inject, Injectable } from '@nestjs/common';
import type { Actor } from '#libs/domain';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { API_PARTS, type ApiParts } from '../../api.parts.js';
import type { Caller } from '../../call/call.js';
import type { OperationDefinition } from '../../call/definition.js';
import { execute } from '../../call/execute.js';
import { download } from '../../call/download.js';
import { follow, type FollowRequest } from '../../call/follow.js';
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
    if (definition.download) {
      await this.download(definition, { ...asked, actor: request.user }, raw, request, reply);
      return;
    }
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
    await this.whileOpen(caller, request, reply, async (open) => {
      const events = await follow(this.parts, definition, { ...caller, raw, ...open });
      const text = eventStream(events, (error) =>
        problemOf(tellable(error, caller.requestId, this.parts.logger), caller.requestId),
      );
      void reply.status(200).header('content-type', 'text/event-stream').header('x-accel-buffering', 'no');
      void reply.send(Readable.from(text));
    });
  }

  private async download(
    definition: OperationDefinition,
    caller: Caller,
    raw: Record<string, unknown>,
    request: RestRequest,
    reply: FastifyReply,
  ): Promise<void> {
    await this.whileOpen(caller, request, reply, async (open) => {
      const { name, body } = await download(this.parts, definition, { ...caller, raw, ...open });
      const attachment = `attachment; filename="${name}"`;
      void reply
        .status(200)
        .header('content-type', definition.media)
        .header('content-disposition', attachment);
      void reply.send(Readable.from(body));
    });
  }

  /** Counts the stream among the open ones until the connection closes or it cannot be opened. */
  private async whileOpen(
    { actor }: Caller,
    request: RestRequest,
    reply: FastifyReply,
    work: (open: Pick<FollowRequest, 'signal' | 'authenticate'>) => Promise<void>,
  ): Promise<void> {
    const { signal, closed } = this.streams.start(actor.organizationId);
    reply.raw.once('close', closed);
    const { authorization } = request.headers;
    try {
      await work({ signal, authenticate: () => this.credentials.authenticate(authorization) });
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
