import type { Id } from '../id.js';
import type { Actor, Permission, Role } from './access.types.js';
import { PERMISSIONS } from './access.types.js';
import { OUTLIVES_A_GRANT } from './grant.js';

/** What a permission is asked for: at least the tenant; the project when the thing lives in one. */
export interface Thing {
  organizationId: Id<'org'>;
  projectId?: Id<'prj'>;
}

const READ: readonly Permission[] = [
  'organization.read',
  'project.read',
  'secret.read',
  'service.read',
  'operation.read',
  'log.read',
  'usage.read',
];
const DEVELOP: readonly Permission[] = [
  ...READ,
  'upload.write',
  'secret.write',
  'service.write',
  'service.delete',
  'service.invoke',
  'traffic.write',
];
/** What an organization owes, and its bounds. */
const MONEY: readonly Permission[] = [
  'bill.read',
  'budget.read',
  'budget.write',
  'notice.read',
  'account.read',
  'account.write',
  'invoice.read',
];
const ADMINISTER: readonly Permission[] = [
  ...DEVELOP,
  'organization.update',
  'organization.export',
  'project.write',
  'key.read',
  'key.write',
  'member.read',
  'member.write',
  'grant.read',
  'grant.revoke',
  ...MONEY,
  'webhook.read',
  'webhook.write',
  'audit.read',
];

/** The one table of rights: which role may do what in its organization. */
export const ROLE_PERMISSIONS: Readonly<Record<Role, readonly Permission[]>> = {
  owner: [...ADMINISTER, 'organization.close'],
  admin: ADMINISTER,
  developer: DEVELOP,
  billing: ['organization.read', 'project.read', 'usage.read', ...MONEY],
  viewer: READ,
  invoker: ['service.invoke'],
};

/** A platform operator may do these, whatever its role, and to every organization; they show no tenant's content. */
export const OPERATOR_PERMISSIONS: readonly Permission[] = [
  'organization.create',
  'organization.suspend',
  'organization.quota',
  'organization.close',
  'organization.erase',
  'grant.create',
  'grant.read',
  'grant.revoke',
  'account.read',
  'account.write',
  'account.terms',
  'credit.write',
  'invoice.read',
  'invoice.write',
  'plan.read',
  'plan.write',
  'quarantine.read',
  'quarantine.release',
  'cluster.read',
  'cluster.write',
];

/** These speak of the whole organization, so a credential of one project never has them. */
export const ORGANIZATION_WIDE: readonly Permission[] = [
  'organization.close',
  'organization.export',
  'organization.update',
  'project.write',
  'member.read',
  'member.write',
  'grant.read',
  'grant.revoke',
  ...MONEY,
  'webhook.read',
  'webhook.write',
  'audit.read',
];

/** Whether the credential reaches the thing at all. What it does not reach is answered as NOT_FOUND. */
export function sees(actor: Actor, thing: Thing): boolean {
  if (thing.organizationId !== actor.organizationId) return false;
  return (
    actor.projectId === undefined || thing.projectId === undefined || thing.projectId === actor.projectId
  );
}

/** Whether the credential speaks for the platform; one of a single project never does. */
export function isOperator({ platformOperator, projectId }: Actor): boolean {
  return platformOperator && projectId === undefined;
}

/** Whether the actor may do this, to this thing when one is named. */
export function can(actor: Actor, permission: Permission, thing?: Thing): boolean {
  if (isOperator(actor) && OPERATOR_PERMISSIONS.includes(permission)) return true;
  if (actor.grant !== undefined && OUTLIVES_A_GRANT.includes(permission)) return false;
  if (!ROLE_PERMISSIONS[actor.role].includes(permission)) return false;
  if (actor.projectId !== undefined && ORGANIZATION_WIDE.includes(permission)) return false;
  return thing === undefined || sees(actor, thing);
}

/** Which roles an actor may put into a new credential: never more than its own, and owner only by an owner. */
export function mayGrant(actor: Actor, role: Role): boolean {
  if (actor.role === 'owner') return true;
  const own = ROLE_PERMISSIONS[actor.role];
  return role !== 'owner' && ROLE_PERMISSIONS[role].every((permission) => own.includes(permission));
}

/** Whether the word names a permission (for checking declarations at boot). */
export function isPermission(word: string): word is Permission {
  return PERMISSIONS.some((permission) => permission === word);
}
