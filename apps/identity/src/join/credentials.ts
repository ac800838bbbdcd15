import type { Permissions } from '#libs/bus';
import { createUser, encodeUser, fmtCreds } from '@nats-io/jwt';
import { fromSeed } from '@nats-io/nkeys';

/** Credentials of agents and gateways live this long; they renew them after half of it. */
export const CREDENTIALS_LIFE_MS = 24 * 3_600_000;

export interface Credentials {
  /** Contents of a NATS credentials file: a signed user and its key. Stored nowhere here. */
  creds: string;
  /** UTC ms. */
  expiresAt: number;
}

/** Signs NATS users of the installation's account. */
export class CredentialSigner {
  constructor(private readonly accountSeed: string) {}

  async sign(name: string, permissions: Permissions, now: number): Promise<Credentials> {
    const expiresAt = now + CREDENTIALS_LIFE_MS;
    const user = createUser();
    const account = fromSeed(new TextEncoder().encode(this.accountSeed));
    // The encoder wants all four lists.
    const rights = {
      pub: { allow: permissions.pub.allow, deny: [] },
      sub: { allow: permissions.sub.allow, deny: [] },
    };
    const jwt = await encodeUser(name, user, account, rights, { exp: Math.floor(expiresAt / 1000) });
    return { creds: new TextDecoder().decode(fmtCreds(jwt, user)), expiresAt };
  }
}
