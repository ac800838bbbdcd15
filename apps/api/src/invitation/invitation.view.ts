import { isOpen, type Invitation } from '#libs/domain';
import { z } from 'zod';
import { iso, isoIf } from '../call/scalars.js';
import { roleSchema } from '../key/key.view.js';

const invitationFields = {
  id: z.string(),
  email: z.string(),
  role: roleSchema,
  platformOperator: z.boolean(),
  open: z.boolean().describe('Whether it can still be accepted.'),
  createdBy: z.string(),
  createdAt: z.string(),
  expiresAt: z.string(),
  acceptedAt: z.string().optional(),
  revokedAt: z.string().optional(),
};

export const invitationView = z
  .object(invitationFields)
  .meta({ id: 'Invitation', description: 'An invitation without its token.' });

export const newInvitationView = z
  .object({
    ...invitationFields,
    token: z.string().describe('Lets one person in. It is shown this once.'),
    link: z.string().describe('Address of this API and the token in one text, for `tow accept`.'),
  })
  .meta({ id: 'NewInvitation' });

export type InvitationView = z.infer<typeof invitationView>;

export function showInvitation(invitation: Invitation, now: number): InvitationView {
  const { id, email, role, platformOperator, createdBy, createdAt, expiresAt } = invitation;
  return {
    ...{ id, email, role, platformOperator, createdBy },
    open: isOpen(invitation, now),
    createdAt: iso(createdAt),
    expiresAt: iso(expiresAt),
    ...isoIf('acceptedAt', invitation.acceptedAt),
    ...isoIf('revokedAt', invitation.revokedAt),
  };
}
