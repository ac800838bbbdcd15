import { titleProblem } from '#libs/domain';
import { z } from 'zod';
import { defineCommand, defineQuery } from '../call/definition.js';
import { definePage } from '../call/page.js';
import { reference, ruledText } from '../call/scalars.js';
import { newKeyView } from '../key/key.view.js';
import { createOrganization, setOrganizationQuota, updateOrganization } from './organization.commands.js';
import {
  closeOrganization,
  reopenOrganization,
  resumeOrganization,
  suspendOrganization,
} from './organization.life.js';
import { getOrganization, listOrganizations } from './organization.queries.js';
import { organizationView } from './organization.view.js';

const MOST_GPUS = 1_000_000;
const name = ruledText(titleProblem);
const reason = z.string().trim().min(1).max(500);
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
  defineCommand({
    name: 'organizations.suspend',
    permission: 'organization.suspend',
    rest: { method: 'POST', path: '/v1/organizations/{organization}/suspend', status: 200 },
    graphql: 'suspendOrganization',
    summary:
      'Stop an organization (platform operators): its hosts answer 403 and its instances end; nothing is deleted.',
    input: z.strictObject({ organization, reason }),
    output: organizationView,
    handler: suspendOrganization,
  }),
  defineCommand({
    name: 'organizations.resume',
    permission: 'organization.suspend',
    rest: { method: 'POST', path: '/v1/organizations/{organization}/resume', status: 200 },
    graphql: 'resumeOrganization',
    summary: 'Let a suspended organization go on as before (platform operators).',
    input: z.strictObject({ organization }),
    output: organizationView,
    handler: resumeOrganization,
  }),
  defineCommand({
    name: 'organizations.setQuota',
    permission: 'organization.quota',
    rest: { method: 'PUT', path: '/v1/organizations/{organization}/quota', status: 200 },
    graphql: 'setOrganizationQuota',
    summary: 'Say how many GPUs the services of an organization may hold together (platform operators).',
    input: z.strictObject({
      organization,
      gpus: z
        .int()
        .min(0)
        .max(MOST_GPUS)
        .nullable()
        .describe(
          'Of each service the GPUs of an instance times `maxInstances`, of each revision with traffic or a tag, in each region; null: any number.',
        ),
    }),
    output: organizationView,
    handler: setOrganizationQuota,
  }),
  defineCommand({
    name: 'organizations.close',
    permission: 'organization.close',
    whileStopped: true,
    rest: { method: 'POST', path: '/v1/organizations/{organization}/close', status: 200 },
    graphql: 'closeOrganization',
    summary:
      'Close an organization (its owner, or a platform operator): stopped at once, erased after `holdUntil`; until then it can be read and exported.',
    input: z.strictObject({ organization, reason: reason.optional(), version: z.string().optional() }),
    output: organizationView,
    handler: closeOrganization,
  }),
  defineCommand({
    name: 'organizations.reopen',
    permission: 'organization.suspend',
    rest: { method: 'POST', path: '/v1/organizations/{organization}/reopen', status: 200 },
    graphql: 'reopenOrganization',
    summary: 'Undo a close before `holdUntil` (platform operators).',
    input: z.strictObject({ organization }),
    output: organizationView,
    handler: reopenOrganization,
  }),
];
