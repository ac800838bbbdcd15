import { compactDecrypt, type CryptoKey } from 'jose';
import { TowpathError, type TargetRevision } from '#libs/domain';
import type { SealedStore } from './sealed.store.js';

/** Opens environments. An opened value lives in the answer only: it is kept nowhere and never logged. */
export class Environments {
  constructor(
    private readonly sealed: SealedStore,
    private readonly privateKey: CryptoKey,
  ) {}

  /** Whether every secret of the revision has arrived. */
  complete(revision: TargetRevision): boolean {
    return revision.env.every((entry) => !('secret' in entry) || this.sealed.has(entry.secret));
  }

  /** @throws TowpathError FAILED_PRECONDITION, naming the variable, when a secret is missing or not sealed to this agent */
  async open(revision: TargetRevision): Promise<Record<string, string>> {
    const env: Record<string, string> = {};
    for (const entry of revision.env) {
      env[entry.name] = 'secret' in entry ? await this.openSecret(entry.name, entry.secret) : entry.value;
    }
    return env;
  }

  private async openSecret(name: string, reference: Parameters<SealedStore['get']>[0]): Promise<string> {
    const jwe = this.sealed.get(reference)?.jwe;
    if (jwe === undefined) throw unavailable(name, 'has not arrived');
    try {
      const { plaintext } = await compactDecrypt(jwe, this.privateKey, {
        keyManagementAlgorithms: ['ECDH-ES+A256KW', 'ECDH-ES'],
        contentEncryptionAlgorithms: ['A256GCM'],
      });
      return new TextDecoder().decode(plaintext);
    } catch {
      // The cause is left out on purpose: nothing of a secret may travel in an error.
      throw unavailable(name, 'cannot be opened with this agent’s key');
    }
  }
}

function unavailable(name: string, why: string): TowpathError {
  return new TowpathError('FAILED_PRECONDITION', `The secret for the variable ${name} ${why}.`);
}
