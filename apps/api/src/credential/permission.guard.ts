import { Injectable, SetMetadata, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { Actor } from '#libs/domain';
import { authorize } from '../call/execute.js';
import type { OperationDefinition } from '../call/definition.js';

const OPERATION = 'towpath:operation';

/** Says which operation a handler serves; a handler without it is refused. */
export const ServesOperation = (definition: OperationDefinition): MethodDecorator =>
  SetMetadata(OPERATION, definition);

/** The operation that a handler serves. */
export function operationOf(context: ExecutionContext): OperationDefinition | undefined {
  return Reflect.getMetadata(OPERATION, context.getHandler()) as OperationDefinition | undefined;
}

/** Refuses early what the role does not allow, before a body is taken in; `execute` asks the same again. */
@Injectable()
export class PermissionGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const definition = operationOf(context);
    if (!definition) return false;
    if (definition.permission === 'anyone') return true;
    const { user } = context.switchToHttp().getRequest<{ user: Actor }>();
    authorize(user, definition);
    return true;
  }
}
