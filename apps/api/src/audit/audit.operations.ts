import { z } from 'zod';
import { definePage } from '../call/page.js';
import { auditView, listAudit } from './audit.queries.js';

export const auditOperations = [
  definePage({
    name: 'audit.list',
    permission: 'audit.read',
    rest: { method: 'GET', path: '/v1/audit', status: 200 },
    graphql: 'audit',
    summary: 'Who did what in your organization, newest first.',
    input: z.strictObject({}),
    item: auditView,
    key: 'id',
    handler: (call, _input, page) => listAudit(call, page),
  }),
];
