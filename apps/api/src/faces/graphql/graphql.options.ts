import type { MercuriusDriverConfig } from '@nestjs/mercurius';
import { MercuriusDriver } from '@nestjs/mercurius';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ApiParts } from '../../api.parts.js';
import type { Registry } from '../../call/registry.js';
import type { Credentials } from '../../credential/credentials.js';
import { originOf } from '../rest/origin.js';
import { requestIdOf } from '../rest/request-id.js';
import { formatErrors } from './graphql.errors.js';
import { PARSING, type Documents } from './documents.js';
import { graphqlResolvers, type GraphqlContext } from './resolvers.js';
import { graphqlSdl } from './sdl.js';

/** A document at the limits takes about 1 MiB as a syntax tree. */
const KEPT_DOCUMENTS = 50;

/** How `/graphql` is served: the generated schema, our limits, our errors. */
export function graphqlOptions(
  registry: Registry,
  parts: ApiParts,
  credentials: Credentials,
  documents: Documents,
): MercuriusDriverConfig {
  return {
    driver: MercuriusDriver,
    path: '/graphql',
    graphiql: false,
    typeDefs: graphqlSdl(registry),
    resolvers: graphqlResolvers(registry, parts) as never,
    allowBatchedQueries: false,
    graphql: { parseOptions: PARSING },
    // mercurius keeps as many documents that are good, and as many that are not.
    cache: KEPT_DOCUMENTS,
    hooks: documents.hooks,
    context: (request: FastifyRequest, reply: FastifyReply): GraphqlContext => {
      let actor: ReturnType<Credentials['authenticate']> | undefined;
      return {
        requestId: requestIdOf(reply),
        from: originOf(request),
        authenticate: () => (actor ??= credentials.authenticate(request.headers.authorization)),
      };
    },
    errorFormatter: (execution, context) => {
      const { requestId = '' } = (context ?? {}) as Partial<GraphqlContext>;
      return formatErrors(execution, requestId, parts.logger) as never;
    },
  };
}
