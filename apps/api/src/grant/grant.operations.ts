import { GRANT_SECONDS } from '#libs/domain';
import { z } from 'zod';
import { defineCommand } from '../call/definition.js';
import { definePage } from '../call/page.js';
import { bounded, reference } from '../call/scalars.js';
import { newKeyView } from '../key/key.view.js';
import { createGrant, listGrants, revokeGrant } from './grant.commands.js';
import { grantRole, grantView } from './grant.view.js';

const organization = reference('Id of the organization.');

export const grantOperations = [
  definePage({
    name: 'grants.list',
    permission: 'grant.read',
    rest: { method: 'GET', path: '/v1/organizations/{organization}/grants', status: 200 },
    graphql: 'grants',
    summary: 'Which operators of this installation have or had access to your organization, and why.',
    input: z.strictObject({ organization }),
    item: grantView,
    key: 'id',
    handler: listGrants,
  }),
  defineCommand({
    name: 'grants.create',
    permission: 'grant.create',
    rest: { method: 'POST', path: '/v1/organizations/{organization}/grants', status: 201 },
    graphql: 'createGrant',
    summary:
      'Get access to an organization for a time (platform operators). The organization sees it; the key is shown this once.',
    input: z.strictObject({
      organization,
      role: grantRole,
      reason: z.string().trim().min(1).max(500).describe('The organization reads it.'),
      lifetimeSeconds: bounded(GRANT_SECONDS).default(GRANT_SECONDS.standard),
    }),
    output: z.object({ grant: grantView, key: newKeyView }).meta({ id: 'NewGrant' }),
    confidential: true,
    handler: createGrant,
  }),
  defineCommand({
    name: 'grants.revoke',
    permission: 'grant.revoke',
    whileStopped: true,
    rest: { method: 'DELETE', path: '/v1/organizations/{organization}/grants/{grant}', status: 200 },
    graphql: 'revokeGrant',
    summary: 'End a grant before its time.',
    input: z.strictObject({ organization, grant: reference('Id of the grant.') }),
    output: grantView,
    handler: revokeGrant,
  }),
];
