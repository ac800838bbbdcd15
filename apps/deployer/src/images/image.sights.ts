import type { Digest, PublicError } from '#libs/domain';

export type ImageRefusal = 'ImageNotFound' | 'ImageNotAllowed';

/** What is known of the images that a service asks for. */
export type ImageSight =
  /** By the path of the field that names each. */
  | { status: 'found'; digests: Record<string, Digest> }
  | { status: 'refused'; reason: ImageRefusal; error: PublicError }
  /** Its registry gave no answer that decides; it is asked again. */
  | { status: 'away'; message: string; field: string };
