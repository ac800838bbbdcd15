import { join } from 'node:path';
import { pinnedSecrets, type Clock, type PinnedSecret, type Target } from '#libs/domain';
import { sealedSecretSchema, type SealedSecret } from '#libs/bus';
import type { Logger } from '#libs/process';
import { MessageFolder } from '../files/message.folder.js';

const keyOf = ({ id, version }: PinnedSecret): string => `${id}.${version}`;

/** Secrets as they came: sealed to this agent's key, on disk too. */
export class SealedStore {
  private readonly sealed = new Map<string, SealedSecret>();
  /** UTC ms; what was on the disk counts as arrived at the start. */
  private readonly arrivedAt = new Map<string, number>();

  private constructor(
    private readonly folder: MessageFolder<SealedSecret>,
    private readonly clock: Clock,
  ) {}

  static async open(dataDir: string, clock: Clock, logger: Logger): Promise<SealedStore> {
    const folder = new MessageFolder<SealedSecret>(join(dataDir, 'sealed'), sealedSecretSchema, logger);
    const store = new SealedStore(folder, clock);
    for (const [name, secret] of await folder.load()) store.keep(name, secret);
    return store;
  }

  get(reference: PinnedSecret): SealedSecret | undefined {
    return this.sealed.get(keyOf(reference));
  }

  has(reference: PinnedSecret): boolean {
    return this.sealed.has(keyOf(reference));
  }

  async put(secret: SealedSecret): Promise<void> {
    const key = keyOf({ id: secret.secretId, version: secret.version });
    await this.folder.write(key, secret);
    this.keep(key, secret);
  }

  /** Drops what only the old target named. */
  async dropUnused(old: Target, others: readonly Target[]): Promise<void> {
    const wanted = namesIn(others);
    for (const key of namesIn([old])) if (!wanted.has(key)) await this.drop(key);
  }

  /** Drops what no target names and came before that time; what came later may be ahead of its target. */
  async dropStrays(targets: readonly Target[], before: number): Promise<void> {
    const wanted = namesIn(targets);
    for (const [key, arrivedAt] of [...this.arrivedAt]) {
      if (arrivedAt < before && !wanted.has(key)) await this.drop(key);
    }
  }

  private keep(key: string, secret: SealedSecret): void {
    this.sealed.set(key, secret);
    this.arrivedAt.set(key, this.clock.now());
  }

  private async drop(key: string): Promise<void> {
    this.sealed.delete(key);
    this.arrivedAt.delete(key);
    await this.folder.remove(key);
  }
}

const namesIn = (targets: readonly Target[]): Set<string> => new Set(targets.flatMap(secretsOf).map(keyOf));

/** Every secret version that a target names. */
export function secretsOf(target: Target): PinnedSecret[] {
  return target.revisions.flatMap(pinnedSecrets);
}
