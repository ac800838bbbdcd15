import type { InvitationView } from '../../client/wire.types.js';
import { listCommand } from '../../list.command.js';
import { shortTime } from '../../output/time.js';

/** `tow invitations list` */
export const invitationsList = listCommand<InvitationView>({
  calls: ['GET /v1/invitations'],
  address: () => Promise.resolve('/v1/invitations'),
  columns: {
    ID: (one) => one.id,
    EMAIL: (one) => one.email,
    ROLE: (one) => one.role,
    OPEN: (one) => (one.open ? 'yes' : 'no'),
    EXPIRES: (one) => shortTime(one.expiresAt),
    ACCEPTED: (one) => shortTime(one.acceptedAt),
    REVOKED: (one) => shortTime(one.revokedAt),
  },
  nothing: 'No invitation.',
});
