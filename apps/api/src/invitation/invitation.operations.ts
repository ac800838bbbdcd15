import { emailProblem } from '#libs/domain';
import { z } from 'zod';
import { defineAsked, defineCommand, defineOpen } from '../call/definition.js';
import { definePage } from '../call/page.js';
import { reference, ruledText } from '../call/scalars.js';
import { roleSchema } from '../key/key.view.js';
import { askIdentity, personOf } from '../session/identity.js';
import { membershipView, password, showSignedIn, signedInView } from '../session/session.view.js';
import { createInvitation, revokeInvitation } from './invitation.commands.js';
import { listInvitations } from './invitation.queries.js';
import { invitationView, newInvitationView } from './invitation.view.js';

const token = z.string().max(100).describe('The token of the invitation, `towi_…`.');

export const invitationOperations = [
  definePage({
    name: 'invitations.list',
    permission: 'member.read',
    rest: { method: 'GET', path: '/v1/invitations', status: 200 },
    graphql: 'invitations',
    summary: 'Invitations of your organization, without their tokens.',
    input: z.strictObject({}),
    item: invitationView,
    key: 'id',
    handler: (call, _input, page) => listInvitations(call, page),
  }),
  defineCommand({
    name: 'invitations.create',
    permission: 'member.write',
    rest: { method: 'POST', path: '/v1/invitations', status: 201 },
    graphql: 'createInvitation',
    summary: 'Invite a person for 7 days. No mail is sent: hand the link over; it is shown this once.',
    input: z.strictObject({
      email: ruledText(emailProblem),
      role: roleSchema,
      platformOperator: z
        .boolean()
        .optional()
        .describe('Also lets the person do the work of the platform; only a platform operator may give it.'),
    }),
    output: newInvitationView,
    confidential: true,
    handler: createInvitation,
  }),
  defineCommand({
    name: 'invitations.revoke',
    permission: 'member.write',
    rest: { method: 'DELETE', path: '/v1/invitations/{invitation}', status: 200 },
    graphql: 'revokeInvitation',
    summary: 'End an invitation that was not accepted.',
    input: z.strictObject({ invitation: reference('Id of the invitation.') }),
    output: invitationView,
    handler: revokeInvitation,
  }),
  defineOpen({
    name: 'invitations.accept',
    rest: { method: 'POST', path: '/v1/invitations/accept', status: 201 },
    graphql: 'acceptInvitation',
    summary: 'Accept an invitation: with a new password, or with yours when the address is known here.',
    input: z.strictObject({ token, password }),
    output: signedInView,
    handler: async (call, input) => showSignedIn(await askIdentity(call, 'accept', input)),
  }),
  defineAsked({
    name: 'invitations.join',
    permission: 'person',
    rest: { method: 'POST', path: '/v1/invitations/join', status: 200 },
    graphql: 'joinOrganization',
    summary: 'Accept an invitation as the signed-in person it is for.',
    input: z.strictObject({ token }),
    output: z.object({ organization: membershipView }).meta({ id: 'Joined' }),
    handler: (call, { token: shown }) => askIdentity(call, 'join', { token: shown, person: personOf(call) }),
  }),
];
