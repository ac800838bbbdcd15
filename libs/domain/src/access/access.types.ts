import type { Id } from '../id.js';

export const ROLES = ['owner', 'admin', 'developer', 'billing', 'viewer', 'invoker'] as const;
export type Role = (typeof ROLES)[number];

/** Every verb an operation may declare; the table in permissions.ts says which role may do which. */
export const PERMISSIONS = [
  'organization.read',
  'organization.create',
  'organization.update',
  'organization.suspend',
  'organization.quota',
  'organization.close',
  'organization.erase',
  'organization.export',
  'project.read',
  'project.write',
  'key.read',
  'key.write',
  'member.read',
  'member.write',
  'grant.create',
  'grant.read',
  'grant.revoke',
  'upload.write',
  'secret.read',
  'secret.write',
  'service.read',
  'service.write',
  'service.delete',
  'service.invoke',
  'traffic.write',
  'operation.read',
  'log.read',
  'usage.read',
  'bill.read',
  'account.read',
  'account.write',
  'account.terms',
  'credit.write',
  'invoice.read',
  'invoice.write',
  'plan.read',
  'plan.write',
  'budget.read',
  'budget.write',
  'notice.read',
  'quarantine.read',
  'quarantine.release',
  'webhook.read',
  'webhook.write',
  'audit.read',
  'cluster.read',
  'cluster.write',
] as const;
export type Permission = (typeof PERMISSIONS)[number];

/** Who calls, as the verified credential says. Never built from anything else. */
export interface Actor {
  /** The key or the person that acts. */
  id: Id<'key'> | Id<'usr'>;
  /** The tenant, from the credential only. */
  organizationId: Id<'org'>;
  role: Role;
  /** May do the platform's own work (clusters, new organizations); sees no tenant's content by it. */
  platformOperator: boolean;
  /** When set, the credential reaches this project only. */
  projectId?: Id<'prj'>;
  /** Its organization is suspended or closing: it reads, and changes nothing. */
  readsOnly?: true;
  /** It is the key of a grant: which one, and whose. */
  grant?: { id: Id<'grt'>; operatorId: string };
  /** The session of a person. */
  sessionId?: Id<'ses'>;
}

/** An API key without its secret. */
export interface ApiKey {
  id: Id<'key'>;
  organizationId: Id<'org'>;
  name: string;
  role: Role;
  projectId?: Id<'prj'>;
  platformOperator: boolean;
  /** The first characters of the key, to recognize it by. */
  preview: string;
  createdAt: number;
  expiresAt?: number;
  revokedAt?: number;
  lastUsedAt?: number;
}
