import { createHash } from 'node:crypto';
import {
  API_KEY_BYTES,
  TowpathError,
  apiKeyPreview,
  formatApiKey,
  mayGrant,
  refuseIfAny,
} from '#libs/domain';
import type { Id, Role } from '#libs/domain';
import { insertKey, lockOwnerKeys, revokeInvitationsOf, revokeKey as revokeStored } from '#libs/store';
import type { CommandCall } from '../call/call.js';
import { projectOf } from '../project/project.queries.js';
import { keyOf } from './key.queries.js';
import { showKey, type NewKeyView } from './key.view.js';

interface KeyWish {
  organizationId: Id<'org'>;
  name: string;
  role: Role;
  platformOperator: boolean;
  projectId?: Id<'prj'>;
  expiresAt?: number;
}

/** What the database knows a key by. */
export function hashOfKey(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}

/** Makes a key and gives its text, which is stored nowhere. */
export async function makeKey(call: CommandCall, wish: KeyWish): Promise<NewKeyView> {
  const secret = formatApiKey(call.parts.random(API_KEY_BYTES));
  const stored = { ...wish, id: call.newId('key'), preview: apiKeyPreview(secret), createdAt: call.now };
  const key = await insertKey(call.tx, stored, hashOfKey(secret), call.actor.id);
  return { ...showKey(key), secret };
}

export async function createKey(
  call: CommandCall,
  input: { name: string; role: Role; project?: string | undefined; expiresAt?: string | undefined },
): Promise<NewKeyView> {
  const { actor } = call;
  const { name, role } = input;
  if (!mayGrant(actor, role)) {
    throw new TowpathError(
      'PERMISSION_DENIED',
      `A key with your role cannot make one with the role ${role}.`,
    );
  }
  const projectId = await scopeOf(call, input.project);
  const expiresAt = input.expiresAt === undefined ? undefined : Date.parse(input.expiresAt);
  if (expiresAt !== undefined && expiresAt <= call.now) {
    refuseIfAny([{ field: 'expiresAt', message: 'must be in the future' }]);
  }
  const key = await makeKey(call, {
    organizationId: actor.organizationId,
    name,
    role,
    platformOperator: false,
    ...(projectId === undefined ? {} : { projectId }),
    ...(expiresAt === undefined ? {} : { expiresAt }),
  });
  await call.audit(key.id, { after: { name, role, ...(projectId ? { projectId } : {}) } });
  return key;
}

/** Ends a key. The last owner key that works cannot be ended: nobody could act for the organization any more. */
export async function revokeKey(
  call: CommandCall,
  input: { key: string },
): Promise<ReturnType<typeof showKey>> {
  const { actor, tx, now } = call;
  const key = await keyOf(call, input.key);
  if (!mayGrant(actor, key.role)) {
    throw new TowpathError(
      'PERMISSION_DENIED',
      `A key with your role cannot revoke one with the role ${key.role}.`,
    );
  }
  const owners = await lockOwnerKeys(tx, actor.organizationId, now);
  if (owners.length === 1 && owners[0] === key.id) {
    throw new TowpathError('FAILED_PRECONDITION', 'This is the last owner key of the organization.', {
      nextStep: 'Make another owner key first.',
    });
  }
  const revoked = await revokeStored(tx, actor.organizationId, key.id, now);
  // Invitations stand on the rights of who made them.
  await revokeInvitationsOf(tx, actor.organizationId, key.id, now);
  await call.audit(key.id, { before: { name: key.name, role: key.role } });
  return showKey(revoked);
}

/** A credential of one project can only make credentials of that project. */
async function scopeOf(call: CommandCall, project: string | undefined): Promise<Id<'prj'> | undefined> {
  if (project !== undefined) return (await projectOf(call, project)).id;
  if (call.actor.projectId === undefined) return undefined;
  throw new TowpathError('PERMISSION_DENIED', 'A key of one project can only make keys of that project.', {
    violations: [{ field: 'project', message: 'is required for your key' }],
  });
}
