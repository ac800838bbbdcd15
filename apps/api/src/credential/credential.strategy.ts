import { Inject, Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { Strategy } from 'passport-custom';
import type { Actor } from '#libs/domain';
import { Credentials } from './credentials.js';

export const CREDENTIAL_STRATEGY = 'towpath-credential';

interface WithHeaders {
  headers: { authorization?: string };
}

/** Passport's word for our look-up; what comes after API keys (sessions, tokens) gets a strategy of its own. */
@Injectable()
export class CredentialStrategy extends PassportStrategy(Strategy, CREDENTIAL_STRATEGY) {
  constructor(@Inject(Credentials) private readonly credentials: Credentials) {
    super();
  }

  validate(request: WithHeaders): Promise<Actor> {
    return this.credentials.authenticate(request.headers.authorization);
  }
}
