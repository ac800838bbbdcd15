import { askedImages, parseImageReference, pinSecret } from '#libs/domain';
import type { AskedImage, Clock, Digest, PublicError } from '#libs/domain';
import { KeyedQueue, type Again, type Logger } from '#libs/process';
import type { ServiceRecords } from '#libs/store';
import type { Records } from '../reconcile/ports.js';
import type { ImageRefusal, ImageSight } from './image.sights.js';
import type { RegistryAnswer, RegistryReader } from './registry.reader.js';

/** Registries asked at a time, and of one organization. */
const WIDTH = 16;
const WIDTH_OF_ONE = 4;
const AGAIN_MS = 3_000;
/** How long a refusal counts, and how long a question that nobody repeats is kept. */
const REFUSAL_MS = 30_000;
const KEPT_MS = 600_000;

export interface ResolverParts {
  reader: Pick<RegistryReader, 'read'>;
  openSecret: Records['openSecret'];
  wakeService: (serviceId: string) => void;
  clock: Clock;
  logger: Logger;
}

interface Question {
  records: ServiceRecords;
  sight?: ImageSight;
  /** UTC ms: when the sight was had, and when somebody last wanted it. */
  seenAt: number;
  askedAt: number;
}

/**
 * Asks registries for the digest of images, beside the passes over services: a pass sees what is known and is woken
 * when more is. A reference is resolved once for each revision; nothing is kept that a pass could not ask for again.
 */
export class ImageResolver {
  private readonly questions = new Map<string, Question>();
  private readonly queue: KeyedQueue<string>;

  constructor(private readonly parts: ResolverParts) {
    this.queue = new KeyedQueue('images', (key) => this.work(key), WIDTH, parts.logger, {
      tenantOf: (key) => this.questions.get(key)?.records.service.organizationId ?? '',
      each: WIDTH_OF_ONE,
    });
  }

  /** What is known of the images of a service whose revision is not made; undefined: nothing yet, or nothing is asked. */
  readonly look = (records: ServiceRecords): ImageSight | undefined => {
    const { service, templateGeneration, revisions } = records;
    const key = `${service.id} ${templateGeneration}`;
    const isMade = revisions.some((revision) => revision.templateGeneration === templateGeneration);
    if (isMade || askedImages(service.template).length === 0 || service.deletedAt !== undefined) {
      this.questions.delete(key);
      return undefined;
    }
    const now = this.parts.clock.now();
    const known = this.questions.get(key);
    const isOld = known?.sight?.status === 'refused' && now - known.seenAt > REFUSAL_MS;
    if (known === undefined || isOld) this.queue.add(key);
    this.questions.set(key, { seenAt: now, ...known, records, askedAt: now });
    return known?.sight;
  };

  /** Ends after the questions in hand. */
  stop(): Promise<void> {
    return this.queue.stop();
  }

  private async work(key: string): Promise<Again> {
    const question = this.questions.get(key);
    if (question === undefined) return undefined;
    const now = this.parts.clock.now();
    if (now - question.askedAt > KEPT_MS) {
      this.questions.delete(key);
      return undefined;
    }
    const sight = await this.resolve(question.records);
    if (!this.questions.has(key)) return undefined;
    this.questions.set(key, { ...question, sight, seenAt: this.parts.clock.now() });
    this.parts.wakeService(question.records.service.id);
    return sight.status === 'away' ? { againInMs: AGAIN_MS } : undefined;
  }

  /** All of them, one after the other; the first that is not found is told. */
  private async resolve(records: ServiceRecords): Promise<ImageSight> {
    const digests: Record<string, Digest> = {};
    for (const asked of askedImages(records.service.template)) {
      const answer = await this.resolveOne(records, asked);
      if (answer.status !== 'found') return answer;
      digests[asked.field] = answer.digest;
    }
    return { status: 'found', digests };
  }

  private async resolveOne(
    { service, secrets }: ServiceRecords,
    asked: AskedImage,
  ): Promise<Exclude<ImageSight, { status: 'found' }> | { status: 'found'; digest: Digest }> {
    const { image, pullSecret } = asked;
    const reference = parseImageReference(image);
    // The API refuses what is no reference; a row of before it did is one that no registry has.
    if (reference === undefined) return refused(asked, 'absent');
    const secret = pullSecret && pinSecret(pullSecret, secrets);
    const credentials =
      secret && (await this.parts.openSecret(service.organizationId, secret.id, secret.version));
    try {
      const answer = await this.parts.reader.read(
        reference,
        credentials && new TextDecoder().decode(credentials).trim(),
      );
      if (answer.status === 'found') return answer;
      return answer.status === 'undecided'
        ? {
            status: 'away',
            message: `The registry ${reference.registry} does not say whether it has ${image}.`,
            field: asked.field,
          }
        : refused(asked, answer.status);
    } catch (error) {
      this.parts.logger.info({ err: error, serviceId: service.id }, 'a registry was not reached');
      return {
        status: 'away',
        message: `The registry ${reference.registry} cannot be reached at a public address, or does not answer.`,
        field: asked.field,
      };
    }
  }
}

const REFUSALS: Record<
  Extract<RegistryAnswer['status'], 'absent' | 'refused'>,
  { reason: ImageRefusal; said: string; about: string; nextStep: string }
> = {
  absent: {
    reason: 'ImageNotFound',
    said: 'is not in its registry',
    about: 'names no image there',
    nextStep: 'Push the image, or correct its name or tag, and deploy again.',
  },
  refused: {
    reason: 'ImageNotAllowed',
    said: 'may not be read: its registry refuses, or has no such image',
    about: 'needs other credentials, or another name',
    nextStep: 'Put user:password of its registry into a secret and deploy again with --pull-secret.',
  },
};

function refused(
  { image, field }: AskedImage,
  status: keyof typeof REFUSALS,
): Extract<ImageSight, { status: 'refused' }> {
  const { reason, said, about, nextStep } = REFUSALS[status];
  const error: PublicError = {
    code: 'FAILED_PRECONDITION',
    message: `The image ${image} ${said}.`,
    violations: [{ field, message: about }],
    nextStep,
  };
  return { status: 'refused', reason, error };
}
