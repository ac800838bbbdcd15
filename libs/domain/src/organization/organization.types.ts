import type { Id } from '../id.js';

/** The tenant. */
export interface Organization {
  id: Id<'org'>;
  name: string;
  status: 'active' | 'past_due' | 'suspended' | 'closing' | 'closed';
  /** Why it has this status, in the words of who changed it. */
  statusReason?: string;
  /** Of a closing one: until then (UTC ms) it can be reopened; afterwards it is erased. */
  holdUntil?: number;
  /** GPUs that its services may hold together at most, each as many as its instances may; absent: any number. */
  gpuQuota?: number;
  createdAt: number;
  version: number;
}

/** What an organization's services live in. `handle` is unique in the installation and never reused. */
export interface Project {
  id: Id<'prj'>;
  organizationId: Id<'org'>;
  name: string;
  handle: string;
  createdAt: number;
  version: number;
}
