import { Injectable } from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import { TowpathError } from '#libs/domain';
import { CREDENTIAL_STRATEGY } from './credential.strategy.js';

/** Lets in who carries a valid credential; the actor becomes `request.user`. */
@Injectable()
export class CredentialGuard extends AuthGuard(CREDENTIAL_STRATEGY) {
  override handleRequest<T>(error: unknown, actor: T | false): T {
    if (error instanceof Error) throw error;
    if (!actor) throw new TowpathError('UNAUTHENTICATED', 'The request carries no API key.');
    return actor;
  }
}
