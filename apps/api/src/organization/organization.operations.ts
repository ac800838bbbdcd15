import { titleProblem } from '#libs/domain';
import { z } from 'zod';
import { defineCommand, defineQuery } from '../call/definition.js';
import { definePage } from '../call/page.js';
import { reference, ruledText } from '../call/scalars.js';
import { newKeyView } from '../key/key.view.js';
import { createOrganization, updateOrganization } from './organization.commands.js';
import { getOrganization, listOrganizations } from './organization.queries.js';
import { organizationView } from './organization.view.js';

const name = ruledText(titleProblem);
const organization = reference('Id of the organization.');

export const organizationOperations = [
  definePage({
    name: 'organizations.list',
    permission: 'organization.read',
    rest: { method: 'GET', path: '/v1/organizations', status: 200 },
    graphql: 'organizations',
    summary: 'Your organization; for a platform operator all of them.',
    input: z.strictObject({}),
    item: organizationView,
    key: 'id',
    handler: (call, _input, page) => listOrganizations(call, page),
  }),
  defineCommand({
    name: 'organizations.create',
    permission: 'organization.create',
    rest: { method: 'POST', path: '/v1/organizations', status: 201 },
    graphql: 'createOrganization',
    summary: 'Make a tenant and its owner key (platform operators). The key is shown this once.',
    input: z.strictObject({ name }),
    output: z.object({ organization: organizationView, key: newKeyView }).meta({ id: 'NewOrganization' }),
    confidential: true,
    handler: createOrganization,
  }),
  defineQuery({
    name: 'organizations.get',
    permission: 'organization.read',
    rest: { method: 'GET', path: '/v1/organizations/{organization}', status: 200 },
    graphql: 'organization',
    summary: 'One organization.',
    input: z.strictObject({ organization }),
    output: organizationView,
    handler: getOrganization,
  }),
  defineCommand({
    name: 'organizations.update',
    permission: 'organization.update',
    rest: { method: 'PATCH', path: '/v1/organizations/{organization}', status: 200 },
    graphql: 'updateOrganization',
    summary: 'Rename an organization.',
    input: z.strictObject({ organization, name, version: z.string().optional() }),
    output: organizationView,
    handler: updateOrganization,
  }),
];
