import type { QuarantinedView } from '../../client/quarantine.types.js';
import { listCommand } from '../../list.command.js';
import { shortTime } from '../../output/time.js';

interface Flags {
  reason?: string;
  organization?: string;
  waiting?: boolean;
}

/** `tow quarantine list` (platform operator) */
export const quarantineList = listCommand<QuarantinedView, Flags>({
  calls: ['GET /v1/quarantine'],
  usual: 50,
  declare(command) {
    command
      .option('--reason <reason>', 'only of this reason, e.g. unknown_service')
      .option('--organization <id>', 'only those that name this organization')
      .option('--waiting', 'only what was neither dismissed nor billed after a release');
  },
  address: () => Promise.resolve('/v1/quarantine'),
  query: ({ reason, organization, waiting }) => ({
    reason,
    organization,
    waiting: waiting === true ? 'true' : undefined,
  }),
  columns: {
    NUMBER: ({ number }) => number,
    REASON: ({ reason }) => reason,
    PRODUCER: ({ producer }) => producer,
    POSITION: ({ position }) => position,
    RECEIVED: ({ receivedAt }) => shortTime(receivedAt),
    RELEASED: ({ releasedAt }) => shortTime(releasedAt),
    OUTCOME: ({ outcome, dismissedAt }) => (dismissedAt === undefined ? outcome : 'dismissed'),
  },
  nothing: 'Nothing is in quarantine.',
});
