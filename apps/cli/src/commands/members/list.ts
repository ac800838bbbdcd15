import type { MemberView } from '../../client/wire.types.js';
import { listCommand } from '../../list.command.js';
import { shortTime } from '../../output/time.js';

/** `tow members list` */
export const membersList = listCommand<MemberView>({
  calls: ['GET /v1/members'],
  address: () => Promise.resolve('/v1/members'),
  columns: {
    ID: (member) => member.id,
    EMAIL: (member) => member.email,
    ROLE: (member) => (member.platformOperator ? `${member.role}, platform operator` : member.role),
    SINCE: (member) => shortTime(member.createdAt),
  },
  nothing: 'No member yet. Invite one: tow members invite EMAIL --role ROLE',
});
