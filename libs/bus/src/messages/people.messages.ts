/** What the api asks identity about people: request and answer of every verb. Identity answers on `identity.<verb>`. */
import { ROLES } from '#libs/domain';
import { z } from 'zod';
import { count, id } from './message.parts.js';

/** Who asks, for audit, rates and what a person is shown of its sessions. */
const by = z.object({ requestId: z.string(), address: z.string(), client: z.string() });

/** The verified credential of a signed-in person. */
const person = z.object({ userId: id('usr'), sessionId: id('ses'), organizationId: id('org') });

const membership = z.object({ id: id('org'), name: z.string(), role: z.enum(ROLES) });

export const signedInSchema = z.object({
  accessToken: z.string(),
  accessExpiresAt: count,
  refreshToken: z.string(),
  refreshExpiresAt: count,
  sessionId: id('ses'),
  user: z.object({ id: id('usr'), email: z.string() }),
  /** Where the session acts now, and all it could be switched to. */
  organization: membership,
  organizations: z.array(membership),
});

const session = z.object({
  id: id('ses'),
  organizationId: id('org'),
  address: z.string(),
  client: z.string(),
  createdAt: count,
  lastUsedAt: count,
  expiresAt: count,
  endedAt: count.exactOptional(),
});

const device = z.object({
  userCode: z.string(),
  status: z.enum(['pending', 'approved', 'denied', 'used']),
  address: z.string(),
  client: z.string(),
  createdAt: count,
  expiresAt: count,
});

const verb = <I extends z.ZodRawShape, O extends z.ZodType>(shape: I, answer: O) => ({
  request: z.object({ schemaVersion: z.literal(1), by, ...shape }),
  answer,
});

export const PEOPLE_ASKS = {
  'sign-in': verb(
    { email: z.string(), password: z.string(), organizationId: z.string().exactOptional() },
    signedInSchema,
  ),
  refresh: verb({ refreshToken: z.string(), organizationId: z.string().exactOptional() }, signedInSchema),
  sessions: verb({ person }, z.object({ sessions: z.array(session) })),
  'end-session': verb({ person, sessionId: z.string() }, session),
  'change-password': verb(
    { person, current: z.string(), password: z.string() },
    z.object({ endedSessions: count }),
  ),
  accept: verb({ token: z.string(), password: z.string() }, signedInSchema),
  join: verb({ person, token: z.string() }, z.object({ organization: membership })),
  'start-device': verb(
    {},
    z.object({ deviceCode: z.string(), userCode: z.string(), expiresAt: count, intervalMs: count }),
  ),
  'poll-device': verb(
    { deviceCode: z.string() },
    z.object({
      status: z.enum(['pending', 'slow_down', 'denied', 'expired', 'approved']),
      intervalMs: count.exactOptional(),
      signedIn: signedInSchema.exactOptional(),
    }),
  ),
  'show-device': verb({ person, userCode: z.string() }, device),
  'decide-device': verb({ person, userCode: z.string(), approve: z.boolean() }, device),
} as const;

export type PeopleVerb = keyof typeof PEOPLE_ASKS;
export type PeopleRequest<V extends PeopleVerb> = z.output<(typeof PEOPLE_ASKS)[V]['request']>;
export type PeopleAnswer<V extends PeopleVerb> = z.output<(typeof PEOPLE_ASKS)[V]['answer']>;
export type SignedIn = z.output<typeof signedInSchema>;
