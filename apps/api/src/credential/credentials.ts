import { createHash } from 'node:crypto';
import { TowpathError, isApiKey, type Actor, type Clock } from '#libs/domain';
import type { Logger } from '#libs/process';
import { findKeyByHash, touchKey, type Database, type FoundKey } from '#libs/store';

/** How long an answer of the database is believed, also "no such key"; so a revoked key stops within 5 s. */
const BELIEVED_MS = 3_000;
const MAX_BELIEVED = 10_000;
/** How exact `lastUsedAt` is. */
const TOUCH_EVERY_MS = 60_000;

interface Believed {
  found: FoundKey | undefined;
  until: number;
}

/** Turns the header Authorization into who calls. */
export class Credentials {
  private readonly believed = new Map<string, Believed>();
  private readonly touched = new Map<string, number>();

  constructor(
    private readonly db: Database,
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {}

  /** @throws TowpathError UNAUTHENTICATED, with the same words for every reason but a missing header */
  async authenticate(authorization: string | undefined): Promise<Actor> {
    const key = /^Bearer ([\x21-\x7e]+)$/i.exec(authorization ?? '')?.[1];
    if (key === undefined) {
      throw new TowpathError('UNAUTHENTICATED', 'The request carries no API key.', {
        nextStep: 'Send the header `Authorization: Bearer tow_…`.',
      });
    }
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

  private async find(key: string): Promise<FoundKey | undefined> {
    const hash = createHash('sha256').update(key).digest();
    const name = hash.toString('base64');
    const now = this.clock.now();
    const known = this.believed.get(name);
    if (known && known.until > now) return known.found;
    const found = await this.db.asApi((tx) => findKeyByHash(tx, hash));
    this.believed.delete(name);
    if (this.believed.size >= MAX_BELIEVED) this.forgetOldest();
    this.believed.set(name, { found, until: now + BELIEVED_MS });
    return found;
  }

  private forgetOldest(): void {
    const oldest = this.believed.keys().next();
    if (!oldest.done) this.believed.delete(oldest.value);
  }

  /** Noted beside the request: nobody waits for it, and its failure harms nobody. */
  private touch(actor: Actor): void {
    const now = this.clock.now();
    if (now - (this.touched.get(actor.id) ?? 0) < TOUCH_EVERY_MS) return;
    if (this.touched.size >= MAX_BELIEVED) this.touched.clear();
    this.touched.set(actor.id, now);
    this.db
      .inTenant(actor.organizationId, (tx) => touchKey(tx, actor.organizationId, actor.id, now))
      .catch((error: unknown) => this.logger.debug({ err: error }, 'use of a key was not noted'));
  }
}
