import type { Id } from '../id.js';
import type { Role } from './access.types.js';

/** A person, known to the whole installation; what it may do stands in its memberships. Times in UTC ms. */
export interface User {
  id: Id<'usr'>;
  /** Normalised (see normalEmail), unique in the installation. */
  email: string;
  createdAt: number;
}

/** A person's place in one organization. */
export interface Member {
  userId: Id<'usr'>;
  organizationId: Id<'org'>;
  email: string;
  role: Role;
  platformOperator: boolean;
  createdAt: number;
  version: number;
}

/** Lets one person become a member; shown once as a link. Times in UTC ms. */
export interface Invitation {
  id: Id<'inv'>;
  organizationId: Id<'org'>;
  email: string;
  role: Role;
  platformOperator: boolean;
  createdBy: string;
  createdAt: number;
  expiresAt: number;
  acceptedAt?: number;
  revokedAt?: number;
}

/** Where a request comes from, as shown to the person it is about. */
export interface Origin {
  /** The peer's network address. */
  address: string;
  /** What the client says of itself. */
  client: string;
}

/** One sign-in of a person: a family of refresh tokens, of which the newest one works. Times in UTC ms. */
export interface Session extends Origin {
  id: Id<'ses'>;
  userId: Id<'usr'>;
  /** The organization it acts in now. */
  organizationId: Id<'org'>;
  createdAt: number;
  lastUsedAt: number;
  /** Ends then whatever happens. */
  expiresAt: number;
  endedAt?: number;
}

/** A sign-in that another device asked for and a signed-in person decides on. Times in UTC ms. */
export interface DeviceRequest extends Origin {
  /** What the person reads on the device and types: `BCDF-GHJK`. */
  userCode: string;
  status: 'pending' | 'approved' | 'denied' | 'used';
  createdAt: number;
  expiresAt: number;
  lastPolledAt?: number;
  /** How long the device must wait between polls; grows when it does not. */
  intervalMs: number;
  approvedBy?: Id<'usr'>;
  organizationId?: Id<'org'>;
}
