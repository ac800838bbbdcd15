import { join } from 'node:path';
import type { Id, Target } from '#libs/domain';
import { sealedSecretSchema, type SealedSecret } from '#libs/bus';
import type { Logger } from '#libs/process';
import { MessageFolder } from '../files/message.folder.js';

/** One version of a secret. */
export interface SecretReference {
  id: Id<'sec'>;
  version: number;
}

const keyOf = ({ id, version }: SecretReference): string => `${id}.${version}`;

/** Secrets as they came: sealed to this agent's key, on disk too. */
export class SealedStore {
  private readonly sealed = new Map<string, SealedSecret>();

  private constructor(private readonly folder: MessageFolder<SealedSecret>) {}

  static async open(dataDir: string, logger: Logger): Promise<SealedStore> {
    const folder = new MessageFolder<SealedSecret>(join(dataDir, 'sealed'), sealedSecretSchema, logger);
    const store = new SealedStore(folder);
    for (const [name, secret] of await folder.load()) store.sealed.set(name, secret);
    return store;
  }

  get(reference: SecretReference): SealedSecret | undefined {
    return this.sealed.get(keyOf(reference));
  }

  has(reference: SecretReference): boolean {
    return this.sealed.has(keyOf(reference));
  }

  async put(secret: SealedSecret): Promise<void> {
    const key = keyOf({ id: secret.secretId, version: secret.version });
    await this.folder.write(key, secret);
    this.sealed.set(key, secret);
  }

  /** Drops what only the old target named. What no target ever named stays: its target may still be on the way. */
  async dropUnused(old: Target, others: readonly Target[]): Promise<void> {
    const wanted = new Set(others.flatMap(secretsOf).map(keyOf));
    for (const key of new Set(secretsOf(old).map(keyOf))) {
      if (wanted.has(key)) continue;
      this.sealed.delete(key);
      await this.folder.remove(key);
    }
  }
}

/** Every secret version that a target's environments name. */
export function secretsOf(target: Target): SecretReference[] {
  return target.revisions.flatMap((revision) =>
    revision.env.flatMap((entry) => ('secret' in entry ? [entry.secret] : [])),
  );
}
