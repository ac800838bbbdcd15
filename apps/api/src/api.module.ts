import { Module, type DynamicModule } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { GraphQLModule } from '@nestjs/graphql';
import { MercuriusDriver, type MercuriusDriverConfig } from '@nestjs/mercurius';
import { PassportModule } from '@nestjs/passport';
import type { Loop } from '#libs/process';
import { API_PARTS, type ApiParts } from './api.parts.js';
import { ApiResources } from './api.resources.js';
import { Registry } from './call/registry.js';
import { CredentialStrategy } from './credential/credential.strategy.js';
import { Credentials } from './credential/credentials.js';
import { Documents } from './faces/graphql/documents.js';
import { graphqlOptions } from './faces/graphql/graphql.options.js';
import { SubscriptionSocket } from './faces/graphql/subscription.socket.js';
import { ContractController } from './faces/openapi/contract.controller.js';
import { OpenStreams } from './faces/open-streams.js';
import { ProblemFilter } from './faces/rest/problem.filter.js';
import { restController } from './faces/rest/rest.controller.js';
import { RestFace } from './faces/rest/rest.face.js';
import { apiOperations } from './operations.js';

/** The whole api: one registry of operations, two faces over it. */
@Module({})
export class ApiModule {
  static create(parts: ApiParts, watch?: Loop): DynamicModule {
    const registry = apiOperations();
    const documents = new Documents();
    const credentials = new Credentials(parts.db, parts.clock, parts.logger);
    return {
      module: ApiModule,
      imports: [
        PassportModule,
        GraphQLModule.forRoot<MercuriusDriverConfig>({
          ...graphqlOptions(registry, parts, credentials, documents),
          driver: MercuriusDriver,
        }),
      ],
      controllers: [restController(registry), ContractController],
      providers: [
        { provide: API_PARTS, useValue: parts },
        { provide: Registry, useValue: registry },
        { provide: Credentials, useValue: credentials },
        { provide: Documents, useValue: documents },
        { provide: APP_FILTER, useClass: ProblemFilter },
        { provide: ApiResources, useFactory: () => new ApiResources(parts, watch) },
        CredentialStrategy,
        OpenStreams,
        SubscriptionSocket,
        RestFace,
      ],
    };
  }
}
