import { z } from 'zod';
import { defineFetch } from '../call/definition.js';
import { moment, reference } from '../call/scalars.js';
import { followLogs, readLogs } from './log.queries.js';
import { logEntryView } from './log.view.js';

export const logOperations = [
  defineFetch({
    name: 'logs.read',
    permission: 'log.read',
    rest: { method: 'GET', path: '/v1/projects/{project}/services/{service}/logs', status: 200 },
    graphql: 'logs',
    subscription: { field: 'logs', event: 'log', output: logEntryView },
    summary:
      'Logs of a service; with `Accept: text/event-stream` or `follow=true` as events `log` that go on.',
    input: z.strictObject({
      project: reference('Handle or id of the project.'),
      service: reference('Name or id of the service.'),
      since: moment.optional(),
      limit: z.int().min(1).max(1000).default(200).describe('The newest that many.'),
      revision: reference('Only of this revision.').optional(),
      follow: z.boolean().optional(),
    }),
    output: z.object({ items: z.array(logEntryView) }).meta({ id: 'Logs' }),
    handler: readLogs,
    stream: followLogs,
  }),
];
