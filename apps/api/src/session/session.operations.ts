import { MAX_EMAIL } from '#libs/domain';
import { z } from 'zod';
import { defineAsked, defineFetch, defineOpen } from '../call/definition.js';
import { reference } from '../call/scalars.js';
import { askIdentity, personOf } from './identity.js';
import { password, sessionView, showSession, showSignedIn, signedInView } from './session.view.js';

const organization = reference('Id of the organization to act in.').optional();

export const sessionOperations = [
  defineOpen({
    name: 'sessions.create',
    rest: { method: 'POST', path: '/v1/sessions', status: 201 },
    graphql: 'signIn',
    summary: 'Sign in with e-mail and password: to the named organization, or where you were last.',
    input: z.strictObject({ email: z.string().min(1).max(MAX_EMAIL), password, organization }),
    output: signedInView,
    handler: async (call, { organization: organizationId, ...rest }) =>
      showSignedIn(await askIdentity(call, 'sign-in', { ...rest, ...inOrganization(organizationId) })),
  }),
  defineOpen({
    name: 'sessions.refresh',
    rest: { method: 'POST', path: '/v1/sessions/refresh', status: 200 },
    graphql: 'refreshSession',
    summary: 'The next tokens of a session, in another of your organizations when one is named.',
    input: z.strictObject({ refreshToken: z.string().max(100), organization }),
    output: signedInView,
    handler: async (call, { organization: organizationId, ...rest }) =>
      showSignedIn(await askIdentity(call, 'refresh', { ...rest, ...inOrganization(organizationId) })),
  }),
  defineFetch({
    name: 'sessions.list',
    permission: 'person',
    rest: { method: 'GET', path: '/v1/sessions', status: 200 },
    graphql: 'sessions',
    summary: 'Where you are signed in (at most 50).',
    input: z.strictObject({}),
    output: z.object({ items: z.array(sessionView) }).meta({ id: 'Sessions' }),
    handler: async (call) => {
      const person = personOf(call);
      const { sessions } = await askIdentity(call, 'sessions', { person });
      return { items: sessions.map((session) => showSession(session, person.sessionId)) };
    },
  }),
  defineAsked({
    name: 'sessions.end',
    permission: 'person',
    rest: { method: 'DELETE', path: '/v1/sessions/{session}', status: 200 },
    graphql: 'endSession',
    summary: 'Sign out: end one session of yours, within 5 seconds.',
    input: z.strictObject({ session: reference('Id of the session, or `current`.') }),
    output: sessionView,
    handler: async (call, { session }) => {
      const person = personOf(call);
      const sessionId = session === 'current' ? person.sessionId : session;
      return showSession(await askIdentity(call, 'end-session', { person, sessionId }), person.sessionId);
    },
  }),
  defineAsked({
    name: 'passwords.change',
    permission: 'person',
    rest: { method: 'POST', path: '/v1/password', status: 200 },
    graphql: 'changePassword',
    summary: 'Change your password. It ends your other sessions.',
    input: z.strictObject({ current: password, password }),
    output: z.object({ endedSessions: z.int() }).meta({ id: 'PasswordChanged' }),
    handler: (call, input) => askIdentity(call, 'change-password', { ...input, person: personOf(call) }),
  }),
];

function inOrganization(organizationId: string | undefined): { organizationId?: string } {
  return organizationId === undefined ? {} : { organizationId };
}
