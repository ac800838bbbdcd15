import { hash as digest } from 'node:crypto';
import { TowpathError, isApiKey, type Actor, type Clock } from '#libs/domain';
import type { Logger } from '#libs/process';
import { findKeyByHash, touchKey, type Database, type FoundKey } from '#libs/store';
import { Believed } from './believed.js';

/** How exact `lastUsedAt` is. */
const TOUCH_EVERY_MS = 60_000;
const MAX_TOUCHED = 10_000;

/** Who acts by an API key. */
export class ApiKeys {
  private readonly believed: Believed<FoundKey | undefined>;
  private readonly touched = new Map<string, number>();

  constructor(
    private readonly db: Database,
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {
    this.believed = new Believed(clock);
  }

  /** @throws TowpathError UNAUTHENTICATED, with the same words for every reason */
  async authenticate(key: string): Promise<Actor> {
    const found = isApiKey(key) ? await this.find(key) : undefined;
    if (!found || !this.works(found)) {
      throw new TowpathError('UNAUTHENTICATED', 'The API key is unknown, expired or revoked.', {
        nextStep: 'Ask for a new key.',
      });
    }
    this.touch(found.actor);
    return found.actor;
  }

  private works(found: FoundKey): boolean {
    const now = this.clock.now();
    if (found.revokedAt !== undefined || found.organizationStatus === 'closed') return false;
    return found.expiresAt === undefined || found.expiresAt > now;
  }

  private find(key: string): Promise<FoundKey | undefined> {
    const hash = digest('sha256', key, 'buffer');
    return this.believed.get(hash.toString('base64'), () => this.db.asApi((tx) => findKeyByHash(tx, hash)));
  }

  /** Noted beside the request: nobody waits for it, and its failure harms nobody. */
  private touch(actor: Actor): void {
    const now = this.clock.now();
    if (now - (this.touched.get(actor.id) ?? 0) < TOUCH_EVERY_MS) return;
    if (this.touched.size >= MAX_TOUCHED) this.touched.clear();
    this.touched.set(actor.id, now);
    this.db
      .inTenant(actor.organizationId, (tx) => touchKey(tx, actor.organizationId, actor.id, now))
      .catch((error: unknown) => this.logger.debug({ err: error }, 'use of a key was not noted'));
  }
}
