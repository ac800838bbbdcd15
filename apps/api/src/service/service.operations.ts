import { serviceNameProblem } from '#libs/domain';
import { z } from 'zod';
import { defineChange, defineQuery } from '../call/definition.js';
import { definePage } from '../call/page.js';
import { reference, ruledText } from '../call/scalars.js';
import { operationView } from '../operation/operation.view.js';
import { createService, deleteService, updateService } from './service.commands.js';
import { getService, listServices } from './service.queries.js';
import { intentInput, templateInput } from './service.schema.js';
import { serviceView } from './service.view.js';

const project = reference('Handle or id of the project.');
const service = reference('Name or id of the service.');
const version = z.string().max(20).optional().describe('The version you read; also as If-Match.');

export const serviceOperations = [
  definePage({
    name: 'services.list',
    permission: 'service.read',
    rest: { method: 'GET', path: '/v1/projects/{project}/services', status: 200 },
    graphql: 'services',
    summary: 'Services of a project.',
    input: z.strictObject({ project }),
    item: serviceView,
    key: 'id',
    handler: listServices,
  }),
  defineChange({
    name: 'services.create',
    permission: 'service.write',
    rest: { method: 'POST', path: '/v1/projects/{project}/services', status: 202 },
    graphql: 'createService',
    summary: 'Make a service from an upload and deploy its first revision.',
    input: z.strictObject({
      project,
      name: ruledText(serviceNameProblem),
      template: templateInput,
      ...intentInput,
    }),
    output: operationView,
    handler: createService,
  }),
  defineQuery({
    name: 'services.get',
    permission: 'service.read',
    rest: { method: 'GET', path: '/v1/projects/{project}/services/{service}', status: 200 },
    graphql: 'service',
    summary: 'One service: what was asked and what was observed.',
    input: z.strictObject({ project, service }),
    output: serviceView,
    handler: getService,
  }),
  defineChange({
    name: 'services.update',
    permission: 'service.write',
    rest: { method: 'PATCH', path: '/v1/projects/{project}/services/{service}', status: 202 },
    graphql: 'updateService',
    summary:
      'Change a service (JSON Merge Patch; env is keyed by name). A changed template makes a revision.',
    input: z.strictObject({
      project,
      service,
      template: templateInput.optional(),
      ...intentInput,
      noTraffic: z
        .boolean()
        .optional()
        .describe('Keeps traffic on the revision that is newest and ready today.'),
      version,
    }),
    output: operationView,
    handler: updateService,
  }),
  defineChange({
    name: 'services.delete',
    permission: 'service.delete',
    rest: { method: 'DELETE', path: '/v1/projects/{project}/services/{service}', status: 202 },
    graphql: 'deleteService',
    summary: 'Delete a service with its revisions, instances and URLs.',
    input: z.strictObject({ project, service, version }),
    output: operationView,
    handler: deleteService,
  }),
];
