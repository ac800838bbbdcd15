import type { AuditView } from '../../client/wire.types.js';
import { listCommand } from '../../list.command.js';
import { shortTime } from '../../output/time.js';

/** `tow audit list`: who changed what, newest first. */
export const auditList = listCommand<AuditView>({
  calls: ['GET /v1/audit'],
  address: () => Promise.resolve('/v1/audit'),
  columns: {
    TIME: (row) => shortTime(row.time),
    ACTOR: (row) => row.actor,
    ACTION: (row) => row.action,
    OBJECT: (row) => row.object,
    REQUEST: (row) => row.requestId,
  },
  nothing: 'Nothing was changed yet.',
  usual: 50,
});
