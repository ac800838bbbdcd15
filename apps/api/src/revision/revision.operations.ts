import { z } from 'zod';
import { defineQuery } from '../call/definition.js';
import { definePage } from '../call/page.js';
import { reference } from '../call/scalars.js';
import { getRevision, listRevisions } from './revision.queries.js';
import { revisionView } from './revision.view.js';

const project = reference('Handle or id of the project.');
const service = reference('Name or id of the service.');

export const revisionOperations = [
  definePage({
    name: 'revisions.list',
    permission: 'service.read',
    rest: { method: 'GET', path: '/v1/projects/{project}/services/{service}/revisions', status: 200 },
    graphql: 'revisions',
    summary: 'Revisions of a service, newest first.',
    input: z.strictObject({ project, service }),
    item: revisionView,
    key: 'number',
    handler: listRevisions,
  }),
  defineQuery({
    name: 'revisions.get',
    permission: 'service.read',
    rest: {
      method: 'GET',
      path: '/v1/projects/{project}/services/{service}/revisions/{revision}',
      status: 200,
    },
    graphql: 'revision',
    summary: 'One revision.',
    input: z.strictObject({ project, service, revision: reference('Name or id of the revision.') }),
    output: revisionView,
    handler: getRevision,
  }),
];
