import { TowpathError, type Id, type OfferedGpus, type Target } from '#libs/domain';
import {
  GPU_CLASSES_KEY,
  buildTargetSchema,
  decode,
  gpuClassesSchema,
  kvSubject,
  sealedSecretSchema,
  targetSchema,
  type BuildTarget,
  type FollowedMessage,
  type SealedSecret,
} from '#libs/bus';
import { targetsBucket } from '#libs/bus';
import type { Logger } from '#libs/process';

/** Where the messages of the targets bucket go. A handler resolves once its message is safe on disk. */
export interface FeedHandlers {
  target(target: Target): Promise<void>;
  build(target: BuildTarget): Promise<void>;
  /** The hub has no more use for the build's result. */
  buildGone(buildId: string): Promise<void>;
  sealed(secret: SealedSecret): Promise<void>;
  /** Kept in memory only: whoever counts by them tells the hub, which sends everything again after a start. */
  gpuClasses(classes: readonly OfferedGpus[]): void;
}

/** Reads one message of the agent's own stream; resolving acknowledges it. */
export class TargetFeed {
  private readonly prefix: string;

  constructor(
    private readonly clusterId: Id<'cls'>,
    private readonly handlers: FeedHandlers,
    private readonly logger: Logger,
  ) {
    this.prefix = kvSubject(targetsBucket(clusterId), '');
  }

  readonly handle = async (message: FollowedMessage): Promise<void> => {
    const key = message.subject.slice(this.prefix.length);
    if (message.deleted) return this.gone(key);
    try {
      await this.dispatch(key, message.data);
    } catch (error) {
      if (!(error instanceof TowpathError) || error.code !== 'INVALID_ARGUMENT') throw error;
      // Another version may read it; this one keeps what it has. Asking for it again would change nothing.
      this.logger.error(
        { messageKey: key, violations: error.violations },
        'a message of the hub cannot be read',
      );
    }
  };

  /** Never delete on absence: only a tombstone removes a service (design D2). A build's result is but a note. */
  private async gone(key: string): Promise<void> {
    if (key.startsWith('build.')) await this.handlers.buildGone(key.slice('build.'.length));
  }

  private async dispatch(key: string, data: Uint8Array): Promise<void> {
    if (key === GPU_CLASSES_KEY) return this.handlers.gpuClasses(decode(gpuClassesSchema, data).classes);
    const kind = key.slice(0, key.indexOf('.'));
    if (kind === 'service') return this.target(key, decode(targetSchema, data));
    if (kind === 'build') return this.handlers.build(decode(buildTargetSchema, data));
    if (kind === 'sealed') return this.handlers.sealed(decode(sealedSecretSchema, data));
    this.logger.warn({ messageKey: key }, 'a message of a kind that this agent does not know');
  }

  private async target(key: string, target: Target): Promise<void> {
    if (target.clusterId === this.clusterId && key === `service.${target.service.id}`) {
      return this.handlers.target(target);
    }
    this.logger.error(
      { messageKey: key, clusterId: target.clusterId },
      'a target of another key or cluster is refused',
    );
  }
}
