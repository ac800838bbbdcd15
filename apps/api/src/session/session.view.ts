import type { PeopleAnswer, SignedIn } from '#libs/bus';
import { PASSWORD } from '#libs/domain';
import { z } from 'zod';
import { iso, isoIf } from '../call/scalars.js';
import { roleSchema } from '../key/key.view.js';

/** Any text that may be one; whether a new password is good is judged where it is set. */
export const password = z
  .string()
  .min(1)
  .max(4 * PASSWORD.maximum);

export const membershipView = z
  .object({ id: z.string(), name: z.string(), role: roleSchema })
  .meta({ id: 'OwnMembership', description: 'One of your organizations.' });

export const userView = z.object({ id: z.string(), email: z.string() }).meta({ id: 'User' });

export const signedInView = z
  .object({
    accessToken: z.string().describe('Send it as `Authorization: Bearer …`; good for 10 minutes.'),
    accessExpiresAt: z.string(),
    refreshToken: z.string().describe('Gets the next tokens, once. Keep it where only you can read it.'),
    refreshExpiresAt: z.string(),
    sessionId: z.string(),
    user: userView,
    organization: membershipView,
    organizations: z.array(membershipView).describe('All you could switch to.'),
  })
  .meta({ id: 'SignedIn' });

export const sessionView = z
  .object({
    id: z.string(),
    organizationId: z.string(),
    client: z.string(),
    address: z.string(),
    current: z.boolean().describe('Whether it is the one that asks.'),
    createdAt: z.string(),
    lastUsedAt: z.string().describe('When it was last refreshed.'),
    expiresAt: z.string(),
    endedAt: z.string().optional(),
  })
  .meta({ id: 'Session', description: 'One sign-in of yours.' });

export function showSignedIn(signedIn: SignedIn): z.infer<typeof signedInView> {
  const { accessExpiresAt, refreshExpiresAt } = signedIn;
  return {
    ...signedIn,
    accessExpiresAt: iso(accessExpiresAt),
    refreshExpiresAt: iso(refreshExpiresAt),
  };
}

export function showSession(
  session: PeopleAnswer<'end-session'>,
  current: string,
): z.infer<typeof sessionView> {
  const { id, organizationId, client, address, createdAt, lastUsedAt, expiresAt, endedAt } = session;
  return {
    ...{ id, organizationId, client, address },
    current: id === current,
    createdAt: iso(createdAt),
    lastUsedAt: iso(lastUsedAt),
    expiresAt: iso(expiresAt),
    ...isoIf('endedAt', endedAt),
  };
}
