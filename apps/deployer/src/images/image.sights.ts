import type { Digest, PublicError } from '#libs/domain';

export type ImageRefusal = 'ImageNotFound' | 'ImageNotAllowed';

/** What is known of an image that a service asks for. */
export type ImageSight =
  | { status: 'found'; digest: Digest }
  | { status: 'refused'; reason: ImageRefusal; error: PublicError }
  /** Its registry gave no answer that decides; it is asked again. */
  | { status: 'away'; message: string };
