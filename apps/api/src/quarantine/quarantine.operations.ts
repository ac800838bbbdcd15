import { RELEASABLE } from '#libs/domain';
import { z } from 'zod';
import { defineCommand } from '../call/definition.js';
import { definePage } from '../call/page.js';
import { moment, reference } from '../call/scalars.js';
import { MOST_NUMBERS, dismissQuarantined, releaseQuarantined } from './quarantine.commands.js';
import { listQuarantined } from './quarantine.queries.js';
import { dismissView, quarantineReason, quarantineView, releaseView } from './quarantine.view.js';

const numbers = z.array(z.int().min(1)).min(1).max(MOST_NUMBERS);
const because = z.string().trim().min(1).max(500);

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
      waiting: z
        .boolean()
        .default(false)
        .describe('Only what was neither dismissed nor billed after a release.'),
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
      numbers: numbers.optional().describe('These records: all of them or none.'),
      end: moment.optional().describe('When the one record of `numbers` ended, in place of what it says.'),
      newIdentity: z
        .literal(true)
        .optional()
        .describe('The one record of `numbers` is another than the one that has its producer and position.'),
      revision: reference(
        'Name or id of the revision that the one record of `numbers` used, of its service.',
      ).optional(),
      because: because
        .optional()
        .describe('Why it is corrected; needed with `end`, `newIdentity` and `revision`.'),
    }),
    output: releaseView,
    handler: releaseQuarantined,
  }),
  defineCommand({
    name: 'quarantine.dismiss',
    permission: 'quarantine.release',
    rest: { method: 'POST', path: '/v1/quarantine/dismiss', status: 200 },
    graphql: 'dismissQuarantined',
    summary:
      'Close refused usage records for good (platform operators): they stay listed with the reason and are never billed.',
    input: z.strictObject({
      reason: quarantineReason.optional().describe('All of this reason that wait, at most 10,000 at a time.'),
      numbers: numbers.optional().describe('These records: all of them or none.'),
      because: because.describe('Why they are not to be billed.'),
    }),
    output: dismissView,
    handler: dismissQuarantined,
  }),
];
