import type { Id } from '../id.js';

/** A named, versioned value; the value is never shown again after writing. */
export interface Secret {
  id: Id<'sec'>;
  organizationId: Id<'org'>;
  projectId: Id<'prj'>;
  name: string;
  /** Version numbers that exist, ascending from 1. */
  versions: SecretVersion[];
  createdAt: number;
  version: number;
}

export interface SecretVersion {
  number: number;
  createdAt: number;
}
