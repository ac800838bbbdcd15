import { titleProblem } from '#libs/domain';
import { z } from 'zod';
import { defineCommand } from '../call/definition.js';
import { definePage } from '../call/page.js';
import { moment, reference, ruledText } from '../call/scalars.js';
import { createKey, revokeKey } from './key.commands.js';
import { listKeys } from './key.queries.js';
import { keyView, newKeyView, roleSchema } from './key.view.js';

export const keyOperations = [
  definePage({
    name: 'keys.list',
    permission: 'key.read',
    rest: { method: 'GET', path: '/v1/keys', status: 200 },
    graphql: 'keys',
    summary: 'API keys of your organization, without their text.',
    input: z.strictObject({}),
    item: keyView,
    key: 'id',
    handler: (call, _input, page) => listKeys(call, page),
  }),
  defineCommand({
    name: 'keys.create',
    permission: 'key.write',
    rest: { method: 'POST', path: '/v1/keys', status: 201 },
    graphql: 'createKey',
    summary: 'Make an API key. Its text is shown this once.',
    input: z.strictObject({
      name: ruledText(titleProblem),
      role: roleSchema,
      project: reference('Handle or id: the key reaches this project only.').optional(),
      expiresAt: moment.optional(),
    }),
    output: newKeyView,
    confidential: true,
    handler: createKey,
  }),
  defineCommand({
    name: 'keys.revoke',
    permission: 'key.write',
    rest: { method: 'DELETE', path: '/v1/keys/{key}', status: 200 },
    graphql: 'revokeKey',
    summary: 'End an API key, everywhere within 5 seconds.',
    input: z.strictObject({ key: reference('Id of the key.') }),
    output: keyView,
    handler: revokeKey,
  }),
];
