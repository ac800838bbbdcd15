import { json } from 'node:stream/consumers';
import type { Digest } from '#libs/domain';
import { z } from 'zod';
import { neededBlobsSql, ownBlobsSql, type ReferencesRow } from './blob-references.sql.js';
import type { FolderBlobs } from './blob.store.js';
import type { Tx } from './statement.js';

/** Blobs that rows name: packed sources, and images by their manifests. */
export type BlobReferences = ReferencesRow;

/** What the organization ever referred to. System role. */
export async function ownBlobs(tx: Tx, organizationId: string): Promise<BlobReferences> {
  return (await tx.one(ownBlobsSql, [organizationId])) ?? { sources: [], images: [] };
}

/** What somebody needs, leaving one organization out of account. System role. */
export async function neededBlobs(tx: Tx, but = ''): Promise<BlobReferences> {
  return (await tx.one(neededBlobsSql, [but])) ?? { sources: [], images: [] };
}

const digest = z.custom<Digest>((text) => typeof text === 'string' && /^sha256:[0-9a-f]{64}$/.test(text));
const manifestSchema = z.object({
  config: z.object({ digest }),
  layers: z.array(z.object({ digest })),
});

/** Every blob behind these references: sources, manifests, and what the manifests that are there name. */
export async function blobsOf(blobs: FolderBlobs, references: BlobReferences): Promise<Set<Digest>> {
  const all = new Set<Digest>([...references.sources, ...references.images]);
  for (const image of references.images) for (const part of await partsOf(blobs, image)) all.add(part);
  return all;
}

/** @throws when a manifest is there and cannot be read: what it names must not be taken for unused */
async function partsOf(blobs: FolderBlobs, image: Digest): Promise<Digest[]> {
  if (!(await blobs.has(image))) return [];
  const { config, layers } = manifestSchema.parse(await json(blobs.read(image)));
  return [config.digest, ...layers.map((layer) => layer.digest)];
}
