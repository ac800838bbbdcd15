import { Injectable, SetMetadata, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { Actor } from '#libs/domain';
import { authorize } from '../call/execute.js';
import type { OperationDefinition } from '../call/definition.js';

const OPERATION = 'towpath:operation';

/** Says which operation a handler serves; a handler without it is refused. */
export const ServesOperation = (definition: OperationDefinition): MethodDecorator =>
  SetMetadata(OPERATION, definition);

/** Refuses early what the role does not allow, before a body is taken in; `execute` asks the same again. */
@Injectable()
export class PermissionGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const definition = Reflect.getMetadata(OPERATION, context.getHandler()) as
      OperationDefinition | undefined;
    if (!definition) return false;
    const { user } = context.switchToHttp().getRequest<{ user: Actor }>();
    authorize({ actor: user, requestId: '' }, definition);
    return true;
  }
}
