import { QUARANTINE_REASONS } from '#libs/domain';
import type { QuarantineEntry, UsageCorrection } from '#libs/store';
import { z } from 'zod';
import { iso, isoIf } from '../call/scalars.js';

export const quarantineReason = z.enum(QUARANTINE_REASONS).meta({ id: 'QuarantineReason' });

const correctionView = z
  .object({
    end: z.string().optional(),
    producer: z.string().optional(),
    position: z.string().optional(),
    revision: z.string().optional().describe('Id.'),
  })
  .meta({ id: 'UsageCorrection' });

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
    correction: correctionView
      .optional()
      .describe('What billing reads in place of what came, by the last release.'),
    because: z.string().optional().describe('Why it was corrected or dismissed.'),
    dismissedAt: z.string().optional().describe('Since when it is never to be billed.'),
    dismissedBy: z.string().optional(),
  })
  .meta({
    id: 'QuarantinedRecord',
    description: 'A usage record that is not billed until somebody decides.',
  });

export const releaseView = z
  .object({ released: z.int().describe('Records that billing looks at again.') })
  .meta({ id: 'QuarantineRelease' });

export const dismissView = z
  .object({ dismissed: z.int().describe('Records that are never billed now.') })
  .meta({ id: 'QuarantineDismissal' });

export function showQuarantined(entry: QuarantineEntry): z.input<typeof quarantineView> {
  const { position, releasedAt, settledAt, receivedAt, dismissedAt, correction, ...rest } = entry;
  return {
    ...rest,
    position: String(position),
    receivedAt: iso(receivedAt),
    ...isoIf('releasedAt', releasedAt),
    ...isoIf('settledAt', settledAt),
    ...isoIf('dismissedAt', dismissedAt),
    ...(correction && { correction: showCorrection(correction) }),
  };
}

function showCorrection(correction: UsageCorrection): z.input<typeof correctionView> {
  const { endMs, producer, position, revisionId } = correction;
  return {
    ...isoIf('end', endMs),
    ...(producer !== undefined && { producer, position: String(position) }),
    ...(revisionId !== undefined && { revision: revisionId }),
  };
}
