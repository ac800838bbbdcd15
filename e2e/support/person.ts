import { randomBytes } from 'node:crypto';
import { Api } from './api.js';
import type { Tenant } from './tenant.js';

/** What signing in gives. */
export interface SignedInJson {
  accessToken: string;
  refreshToken: string;
  sessionId: string;
  user: { id: string; email: string };
  organization: { id: string; name: string; role: string };
  organizations: { id: string }[];
}

export const PASSWORD = 'correct horse battery staple';

/** An address that nobody else in the installation has. */
export function newEmail(name: string): string {
  return `${name}-${randomBytes(4).toString('hex')}@example.com`;
}

/** The token of a new invitation to the tenant. */
export async function inviteTo(tenant: Tenant, email: string, role: string): Promise<string> {
  return (await tenant.api.ok<{ token: string }>('POST', '/v1/invitations', { email, role })).token;
}

/** A person of a tenant, made as people are made: invited, accepted, signed in. */
export class Person {
  private constructor(
    readonly api: Api,
    readonly signedIn: SignedInJson,
  ) {}

  static async create(tenant: Tenant, name: string, role: string): Promise<Person> {
    const token = await inviteTo(tenant, newEmail(name), role);
    return Person.accept(tenant.api.url, token);
  }

  static async accept(url: string, token: string, password = PASSWORD): Promise<Person> {
    const body = { token, password };
    return Person.of(url, await new Api(url, '').ok<SignedInJson>('POST', '/v1/invitations/accept', body));
  }

  static of(url: string, signedIn: SignedInJson): Person {
    return new Person(new Api(url, signedIn.accessToken), signedIn);
  }

  get email(): string {
    return this.signedIn.user.email;
  }
}
