import {
  Controller,
  Inject,
  Req,
  RequestMapping,
  RequestMethod,
  Res,
  UseGuards,
  type Type,
} from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { OperationDefinition } from '../../call/definition.js';
import type { Registry } from '../../call/registry.js';
import { CredentialGuard } from '../../credential/credential.guard.js';
import { PermissionGuard, ServesOperation } from '../../credential/permission.guard.js';
import { RestFace, type RestRequest } from './rest.face.js';

/** Makes the controller of REST: one guarded handler for every operation, no rule in any. */
export function restController(registry: Registry): Type<object> {
  @Controller()
  @UseGuards(CredentialGuard, PermissionGuard)
  class RestController {
    constructor(@Inject(RestFace) readonly face: RestFace) {}
  }
  for (const definition of registry.operations) addHandler(RestController, definition);
  return RestController;
}

function addHandler(controller: Type<{ face: RestFace }>, definition: OperationDefinition): void {
  const { name, rest } = definition;
  const prototype = controller.prototype as object;
  const serve = function (
    this: { face: RestFace },
    request: RestRequest,
    reply: FastifyReply,
  ): Promise<void> {
    return this.face.answer(definition, request, reply);
  };
  const descriptor = { value: serve, writable: true, configurable: true };
  Object.defineProperty(prototype, name, descriptor);
  Req()(prototype, name, 0);
  Res()(prototype, name, 1);
  ServesOperation(definition)(prototype, name, descriptor);
  RequestMapping({ path: rest.path.replace(/\{(\w+)\}/g, ':$1'), method: RequestMethod[rest.method] })(
    prototype,
    name,
    descriptor,
  );
}
