import { randomUUID } from 'node:crypto';
import { SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { ProcessParts } from '#libs/process';
import { openApiDocument } from './faces/openapi/openapi.js';
import { sendProblem } from './faces/rest/problem.reply.js';
import { REQUEST_ID_HEADER } from './faces/rest/request-id.js';
import { apiOperations } from './operations.js';

/** Media types of a source archive; its body stays a stream. */
const ARCHIVE_TYPES = ['application/gzip', 'application/x-gzip'];

/** What Fastify must know before the routes: request ids, streamed bodies, the page to try the API. */
export function prepareApi(app: NestFastifyApplication, _config: unknown, { logger }: ProcessParts): void {
  const fastify = app.getHttpAdapter().getInstance();
  fastify.addHook('onRoute', (route) => {
    // GraphQL has its own form of errors.
    if (route.url === '/graphql') return;
    route.errorHandler = (error, request, reply) => sendProblem(error, request, reply, logger);
  });
  fastify.addHook('onRequest', (_request, reply, done) => {
    void reply.header(REQUEST_ID_HEADER, randomUUID());
    void reply.header('x-content-type-options', 'nosniff');
    void reply.header('cache-control', 'no-store');
    done();
  });
  // a PATCH is a JSON Merge Patch (RFC 7396), also when the caller says so
  fastify.addContentTypeParser(
    'application/merge-patch+json',
    { parseAs: 'string' },
    fastify.getDefaultJsonParser('error', 'error'),
  );
  fastify.addContentTypeParser(ARCHIVE_TYPES, (_request, payload, done) => done(null, payload));
  const document = openApiDocument(apiOperations()) as unknown as OpenAPIObject;
  SwaggerModule.setup('docs', app, document, { raw: false });
}
