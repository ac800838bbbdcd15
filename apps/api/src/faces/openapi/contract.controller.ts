import { Controller, Get, Header, Inject } from '@nestjs/common';
import { Registry } from '../../call/registry.js';
import { graphqlSdl } from '../graphql/sdl.js';
import { openApiDocument } from './openapi.js';

/** What the API is, for everybody: it holds no tenant's content. */
@Controller()
export class ContractController {
  constructor(@Inject(Registry) private readonly registry: Registry) {}

  @Get('v1/openapi.json')
  openapi(): object {
    return openApiDocument(this.registry);
  }

  @Get('graphql/sdl')
  @Header('content-type', 'text/plain; charset=utf-8')
  sdl(): string {
    return graphqlSdl(this.registry);
  }
}
