import { Injectable, type ExecutionContext } from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import { TowpathError } from '#libs/domain';
import { CREDENTIAL_STRATEGY } from './credential.strategy.js';
import { operationOf } from './permission.guard.js';

/** Lets in who carries a valid credential; the actor becomes `request.user`. */
@Injectable()
export class CredentialGuard extends AuthGuard(CREDENTIAL_STRATEGY) {
  /** What anyone may call asks for no credential and looks at none. */
  override canActivate(
    context: ExecutionContext,
  ): ReturnType<InstanceType<ReturnType<typeof AuthGuard>>['canActivate']> {
    return operationOf(context)?.permission === 'anyone' ? true : super.canActivate(context);
  }

  override handleRequest<T>(error: unknown, actor: T | false): T {
    if (error instanceof Error) throw error;
    if (!actor) throw new TowpathError('UNAUTHENTICATED', 'The request carries no credential.');
    return actor;
  }
}
