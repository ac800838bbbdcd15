import { RELEASABLE } from '#libs/domain';
import { z } from 'zod';
import { defineCommand } from '../call/definition.js';
import { definePage } from '../call/page.js';
import { reference } from '../call/scalars.js';
import { MOST_NUMBERS, releaseQuarantined } from './quarantine.commands.js';
import { listQuarantined } from './quarantine.queries.js';
import { quarantineReason, quarantineView, releaseView } from './quarantine.view.js';

export const quarantineOperations = [
  definePage({
    name: 'quarantine.list',
    permission: 'quarantine.read',
    rest: { method: 'GET', path: '/v1/quarantine', status: 200 },
    graphql: 'quarantine',
    summary: 'Usage records that were refused, with the reason, newest first (platform operators).',
    input: z.strictObject({
      reason: quarantineReason.optional().describe('Only of this reason.'),
      organization: reference('Only those that name this organization.').optional(),
      waiting: z.boolean().default(false).describe('Only what was not released, or was and stays.'),
    }),
    item: quarantineView,
    key: 'number',
    handler: listQuarantined,
  }),
  defineCommand({
    name: 'quarantine.release',
    permission: 'quarantine.release',
    rest: { method: 'POST', path: '/v1/organizations/{organization}/quarantine/release', status: 200 },
    graphql: 'releaseQuarantine',
    summary:
      "Have billing look again at an organization's refused records (platform operators): what can be billed then is, the rest stays.",
    input: z.strictObject({
      organization: reference('Id of the organization.'),
      reason: z
        .enum(RELEASABLE)
        .meta({ id: 'ReleasableReason' })
        .optional()
        .describe('All of this reason, at most 10,000 at a time.'),
      numbers: z
        .array(z.int().min(1))
        .min(1)
        .max(MOST_NUMBERS)
        .optional()
        .describe('These records: all of them or none.'),
    }),
    output: releaseView,
    handler: releaseQuarantined,
  }),
];
