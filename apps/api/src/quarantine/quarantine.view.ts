import { QUARANTINE_REASONS } from '#libs/domain';
import type { QuarantineEntry } from '#libs/store';
import { z } from 'zod';
import { iso, isoIf } from '../call/scalars.js';

export const quarantineReason = z.enum(QUARANTINE_REASONS).meta({ id: 'QuarantineReason' });

export const quarantineView = z
  .object({
    number: z.int(),
    producer: z.string(),
    position: z.string(),
    reason: quarantineReason,
    record: z.string().describe('As it came, JSON; cut off when it is long.'),
    receivedAt: z.string(),
    releasedAt: z.string().optional(),
    releasedBy: z.string().optional(),
    settledAt: z.string().optional().describe('When billing looked at it again.'),
    outcome: z.string().optional().describe('`stored`, or the reason for which it stays.'),
  })
  .meta({
    id: 'QuarantinedRecord',
    description: 'A usage record that is not billed until somebody decides.',
  });

export const releaseView = z
  .object({ released: z.int().describe('Records that billing looks at again.') })
  .meta({ id: 'QuarantineRelease' });

export function showQuarantined(entry: QuarantineEntry): z.input<typeof quarantineView> {
  const { position, releasedAt, settledAt, receivedAt, ...rest } = entry;
  return {
    ...rest,
    position: String(position),
    receivedAt: iso(receivedAt),
    ...isoIf('releasedAt', releasedAt),
    ...isoIf('settledAt', settledAt),
  };
}
