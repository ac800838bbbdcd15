import { z } from 'zod';
import { defineChange, defineQuery } from '../call/definition.js';
import { definePage } from '../call/page.js';
import { reference } from '../call/scalars.js';
import { operationView } from '../operation/operation.view.js';
import { trafficInput } from '../service/service.schema.js';
import { rollback, setTraffic } from './traffic.commands.js';
import { getTraffic, listTrafficChanges } from './traffic.queries.js';
import { trafficChangeView, trafficView } from './traffic.view.js';

const project = reference('Handle or id of the project.');
const service = reference('Name or id of the service.');
const version = z.string().max(20).optional().describe('The version you read; also as If-Match.');

const path = '/v1/projects/{project}/services/{service}/traffic';
const MAX_INT32 = 2_147_483_647;

export const trafficOperations = [
  defineQuery({
    name: 'traffic.get',
    permission: 'service.read',
    rest: { method: 'GET', path, status: 200 },
    graphql: 'traffic',
    summary: 'The split of a service: in force and as asked.',
    input: z.strictObject({ project, service }),
    output: trafficView,
    handler: getTraffic,
  }),
  defineChange({
    name: 'traffic.set',
    permission: 'traffic.write',
    rest: { method: 'PUT', path, status: 202 },
    graphql: 'setTraffic',
    summary: 'Ask for another split; the operation ends when every live gateway serves it.',
    input: z.strictObject({ project, service, traffic: trafficInput, version }),
    output: operationView,
    handler: setTraffic,
  }),
  definePage({
    name: 'traffic.changes',
    permission: 'service.read',
    rest: { method: 'GET', path: `${path}/changes`, status: 200 },
    graphql: 'trafficChanges',
    summary: 'Every change of the split, newest first.',
    input: z.strictObject({ project, service }),
    item: trafficChangeView,
    key: 'number',
    handler: listTrafficChanges,
  }),
  defineChange({
    name: 'services.rollback',
    permission: 'traffic.write',
    rest: { method: 'POST', path: '/v1/projects/{project}/services/{service}/rollback', status: 202 },
    graphql: 'rollbackService',
    summary: 'Go back to the split before the last change, or to the one a numbered change had set.',
    input: z.strictObject({ project, service, to: z.int().min(1).max(MAX_INT32).optional(), version }),
    output: operationView,
    handler: rollback,
  }),
];
