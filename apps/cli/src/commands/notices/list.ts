import type { NoticeView } from '../../client/budget.types.js';
import { listCommand } from '../../list.command.js';
import { shortTime } from '../../output/time.js';

/** `tow notices list`: newest first. */
export const noticesList = listCommand<NoticeView>({
  calls: ['GET /v1/notices'],
  usual: 50,
  address: () => Promise.resolve('/v1/notices'),
  columns: {
    ID: (notice) => notice.id,
    TIME: (notice) => shortTime(notice.createdAt),
    TYPE: (notice) => notice.type,
    SAYS: (notice) =>
      Object.entries(notice.data)
        .map(([name, value]) => `${name}=${String(value)}`)
        .join(' '),
  },
  nothing: 'No notice yet.',
});
