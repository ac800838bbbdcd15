import { NOTICE_TYPES } from '#libs/domain';
import { listNotices } from '#libs/store';
import { z } from 'zod';
import { definePage } from '../call/page.js';
import { iso } from '../call/scalars.js';

const noticeView = z
  .object({
    id: z.string(),
    type: z.string().describe(`One of: ${NOTICE_TYPES.join(', ')}; more may come.`),
    data: z.record(z.string(), z.unknown()).describe('Ids, numbers and times, by the type.'),
    createdAt: z.string(),
  })
  .meta({ id: 'Notice', description: 'Something your organization is told.' });

export const noticeOperations = [
  definePage({
    name: 'notices.list',
    permission: 'notice.read',
    rest: { method: 'GET', path: '/v1/notices', status: 200 },
    graphql: 'notices',
    summary: 'What your organization was told, newest first; kept for 90 days.',
    input: z.strictObject({}),
    item: noticeView,
    key: 'id',
    handler: async ({ tx, actor }, _input, page) => {
      const notices = await listNotices(tx, actor.organizationId, page);
      return notices.map(({ id, type, data, createdAt }) => ({
        ...{ id, type, createdAt: iso(createdAt) },
        data: { ...data },
      }));
    },
  }),
];
