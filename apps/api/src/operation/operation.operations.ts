import { z } from 'zod';
import { defineQuery, defineStream } from '../call/definition.js';
import { definePage } from '../call/page.js';
import { reference } from '../call/scalars.js';
import { followOperation } from './operation.events.js';
import { getOperation, listOperations } from './operation.queries.js';
import { operationView } from './operation.view.js';

const operation = reference('Id of the operation.');

export const operationOperations = [
  definePage({
    name: 'operations.list',
    permission: 'operation.read',
    rest: { method: 'GET', path: '/v1/operations', status: 200 },
    graphql: 'operations',
    summary: 'Operations, newest first.',
    input: z.strictObject({
      project: reference('Handle or id of a project.').optional(),
      service: reference('Name or id of a service.').optional(),
    }),
    item: operationView,
    key: 'id',
    handler: listOperations,
  }),
  defineQuery({
    name: 'operations.get',
    permission: 'operation.read',
    rest: { method: 'GET', path: '/v1/operations/{operation}', status: 200 },
    graphql: 'operation',
    summary: 'One operation with its steps.',
    input: z.strictObject({ operation }),
    output: operationView,
    handler: getOperation,
  }),
  defineStream({
    name: 'operations.follow',
    permission: 'operation.read',
    rest: { method: 'GET', path: '/v1/operations/{operation}/events', status: 200 },
    subscription: { field: 'operation', event: 'operation', output: operationView },
    summary: 'Follow an operation: events `operation` and `log` (build output), until it has ended.',
    input: z.strictObject({ operation }),
    output: operationView,
    stream: followOperation,
  }),
];
