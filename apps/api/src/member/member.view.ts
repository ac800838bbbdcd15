import type { Member } from '#libs/domain';
import { z } from 'zod';
import { iso } from '../call/scalars.js';
import { roleSchema } from '../key/key.view.js';

export const memberView = z
  .object({
    id: z.string(),
    email: z.string(),
    role: roleSchema,
    platformOperator: z.boolean(),
    createdAt: z.string(),
    version: z.string(),
  })
  .meta({ id: 'Member', description: 'A person in your organization; its id is the same in all of them.' });

export type MemberView = z.infer<typeof memberView>;

export function showMember(member: Member): MemberView {
  const { userId, email, role, platformOperator, createdAt, version } = member;
  return { id: userId, email, role, platformOperator, createdAt: iso(createdAt), version: String(version) };
}
