import { randomUUID } from 'node:crypto';
import websocket from '@fastify/websocket';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance } from 'fastify';
import { GraphQLError, type ExecutionArgs, type GraphQLFormattedError, type GraphQLSchema } from 'graphql';
import { makeHandler } from 'graphql-ws/use/@fastify/websocket';
import { API_PARTS, type ApiParts } from '../../api.parts.js';
import { Registry } from '../../call/registry.js';
import { Credentials } from '../../credential/credentials.js';
import { OpenStreams } from '../open-streams.js';
import { originOf } from '../rest/origin.js';
import { Documents, type AskedDocument } from './documents.js';
import { toldErrors } from './graphql.errors.js';
import type { GraphqlContext } from './resolvers.js';
import { subscriptionFields } from './subscriptions.js';

export const SUBSCRIPTION_PATH = '/graphql/stream';

const MAX_MESSAGE_BYTES = 65_536;
const MOST_OF_ONE_SOCKET = 20;

/** GraphQL over WebSocket (protocol graphql-transport-ws); the credential comes in `connection_init`, or as a header. */
@Injectable()
export class SubscriptionSocket implements OnModuleInit {
  constructor(
    @Inject(API_PARTS) private readonly parts: ApiParts,
    @Inject(Registry) private readonly registry: Registry,
    @Inject(Credentials) private readonly credentials: Credentials,
    @Inject(Documents) private readonly documents: Documents,
    @Inject(OpenStreams) private readonly streams: OpenStreams,
    @Inject(HttpAdapterHost) private readonly host: HttpAdapterHost,
  ) {}

  async onModuleInit(): Promise<void> {
    const fastify = this.host.httpAdapter.getInstance<FastifyInstance>();
    await fastify.register(websocket, { options: { maxPayload: MAX_MESSAGE_BYTES } });
    const schema = (): GraphQLSchema => fastify.graphql.schema;
    // mercurius attaches no resolvers of subscriptions unless it serves them itself.
    fastify.addHook('onReady', (done) => {
      const attached = subscriptionFields(this.registry, this.parts, this.streams);
      const fields = schema().getSubscriptionType()?.getFields() ?? {};
      for (const [name, field] of Object.entries(fields)) Object.assign(field, attached[name]);
      done();
    });
    await fastify.register((scope, _options, done) => {
      scope.get(SUBSCRIPTION_PATH, { websocket: true }, this.handler(schema));
      done();
    });
  }

  private handler(schema: () => GraphQLSchema): ReturnType<typeof makeHandler> {
    return makeHandler({
      onConnect: async ({ connectionParams, extra }) => {
        const authorization = authorizationOf(connectionParams, extra.request.headers.authorization);
        return this.credentials.authenticate(authorization).then(
          () => true,
          () => false,
        );
      },
      context: ({ connectionParams, extra }): GraphqlContext & Record<string, unknown> => {
        const authorization = authorizationOf(connectionParams, extra.request.headers.authorization);
        return {
          requestId: randomUUID(),
          from: originOf(extra.request),
          authenticate: () => this.credentials.authenticate(authorization),
        };
      },
      onSubscribe: ({ subscriptions }, _id, asked) =>
        this.admit(schema(), Object.keys(subscriptions).length, asked),
      onNext: (_context, _id, _payload, { contextValue }, { data, errors }) =>
        errors && { data: data ?? null, errors: this.told(errors, contextValue) },
      onError: (_context, _id, _payload, errors) => this.told(errors, undefined),
    });
  }

  private admit(schema: GraphQLSchema, open: number, asked: AskedDocument): ExecutionArgs | GraphQLError[] {
    if (open <= MOST_OF_ONE_SOCKET) return this.documents.admit(schema, asked);
    return [new GraphQLError(`One connection follows at most ${MOST_OF_ONE_SOCKET} things at once.`)];
  }

  private told(errors: readonly GraphQLError[], context: unknown): GraphQLFormattedError[] {
    const { requestId = randomUUID() } = (context ?? {}) as Partial<GraphqlContext>;
    return toldErrors(errors, requestId, this.parts.logger);
  }
}

/** Browsers cannot set headers of a WebSocket, so `connection_init` may carry it: `{"authorization":"Bearer …"}`. */
function authorizationOf(params: Readonly<Record<string, unknown>> | undefined, header: string | undefined) {
  const given = params?.['authorization'];
  return typeof given === 'string' ? given : header;
}
