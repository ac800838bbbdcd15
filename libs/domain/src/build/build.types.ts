import type { Id } from '../id.js';
import type { PublicError } from '../error.js';

/** `sha256:` and 64 hex digits. */
export type Digest = `sha256:${string}`;

/** A packed source folder (tar.gz, at most 100 MiB), kept in the blob port under its digest. */
export interface Upload {
  id: Id<'upl'>;
  organizationId: Id<'org'>;
  projectId: Id<'prj'>;
  digest: Digest;
  /** Bytes of the tar.gz. */
  size: number;
  createdAt: number;
}

/** What turns an upload into an image, done once, by one agent with the builder capability. */
export interface Build {
  id: Id<'bld'>;
  organizationId: Id<'org'>;
  projectId: Id<'prj'>;
  serviceId: Id<'svc'>;
  uploadId: Id<'upl'>;
  uploadDigest: Digest;
  clusterId?: Id<'cls'>;
  /** When that cluster was asked for it. */
  askedAt?: number;
  status: 'pending' | 'running' | 'succeeded' | 'failed';
  /** Digest of the image's manifest in the blob port (an OCI image layout), once it succeeded. */
  imageDigest?: Digest;
  error?: PublicError;
  createdAt: number;
  finishedAt?: number;
}
