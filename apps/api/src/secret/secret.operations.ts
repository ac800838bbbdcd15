import { secretNameProblem } from '#libs/domain';
import { z } from 'zod';
import { defineCommand, defineQuery } from '../call/definition.js';
import { definePage } from '../call/page.js';
import { reference, ruledText } from '../call/scalars.js';
import { addSecretVersion, createSecret, deleteSecret } from './secret.commands.js';
import { getSecret, listSecrets } from './secret.queries.js';
import { secretView } from './secret.view.js';

const project = reference('Handle or id of the project.');
const secret = reference('Name or id of the secret.');
const value = z.string().describe('At most 64 KiB of text; never shown again.');

export const secretOperations = [
  definePage({
    name: 'secrets.list',
    permission: 'secret.read',
    rest: { method: 'GET', path: '/v1/projects/{project}/secrets', status: 200 },
    graphql: 'secrets',
    summary: 'Secrets of a project, without values.',
    input: z.strictObject({ project }),
    item: secretView,
    key: 'id',
    handler: listSecrets,
  }),
  defineCommand({
    name: 'secrets.create',
    permission: 'secret.write',
    rest: { method: 'POST', path: '/v1/projects/{project}/secrets', status: 201 },
    graphql: 'createSecret',
    summary: 'Make a secret with its first version.',
    input: z.strictObject({ project, name: ruledText(secretNameProblem), value }),
    output: secretView,
    handler: createSecret,
  }),
  defineQuery({
    name: 'secrets.get',
    permission: 'secret.read',
    rest: { method: 'GET', path: '/v1/projects/{project}/secrets/{secret}', status: 200 },
    graphql: 'secret',
    summary: 'One secret, without its value.',
    input: z.strictObject({ project, secret }),
    output: secretView,
    handler: getSecret,
  }),
  defineCommand({
    name: 'secrets.delete',
    permission: 'secret.write',
    rest: { method: 'DELETE', path: '/v1/projects/{project}/secrets/{secret}', status: 200 },
    graphql: 'deleteSecret',
    summary: 'Erase a secret that no service uses.',
    input: z.strictObject({ project, secret }),
    output: secretView,
    handler: deleteSecret,
  }),
  defineCommand({
    name: 'secrets.addVersion',
    permission: 'secret.write',
    rest: { method: 'POST', path: '/v1/projects/{project}/secrets/{secret}/versions', status: 201 },
    graphql: 'addSecretVersion',
    summary: 'Add a version to a secret.',
    input: z.strictObject({ project, secret, value }),
    output: secretView,
    handler: addSecretVersion,
  }),
];
