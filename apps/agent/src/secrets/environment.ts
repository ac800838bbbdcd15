import { compactDecrypt, type CryptoKey } from 'jose';
import { TowpathError, pinnedSecrets, type PinnedSecret, type TargetRevision } from '#libs/domain';
import type { SealedStore } from './sealed.store.js';

/** Opens environments. An opened value lives in the answer only: it is kept nowhere and never logged. */
export class Environments {
  constructor(
    private readonly sealed: SealedStore,
    private readonly privateKey: CryptoKey,
  ) {}

  /** Whether every secret of the revision has arrived. */
  complete(revision: TargetRevision): boolean {
    return pinnedSecrets(revision).every((secret) => this.sealed.has(secret));
  }

  /** @throws TowpathError FAILED_PRECONDITION, naming the variable, when a secret is missing or not sealed to this agent */
  async open(revision: TargetRevision): Promise<Record<string, string>> {
    const env: Record<string, string> = {};
    for (const entry of revision.env) {
      env[entry.name] =
        'secret' in entry
          ? new TextDecoder().decode(await this.openSecret(entry.secret, `the variable ${entry.name}`))
          : entry.value;
    }
    return env;
  }

  /**
   * A secret's value. `purpose` says what it is for, in the sentence of a refusal.
   * @throws TowpathError FAILED_PRECONDITION when it is missing or not sealed to this agent
   */
  readonly openSecret = async (reference: PinnedSecret, purpose: string): Promise<Uint8Array> => {
    const jwe = this.sealed.get(reference)?.jwe;
    if (jwe === undefined) throw unavailable(purpose, 'has not arrived');
    try {
      const { plaintext } = await compactDecrypt(jwe, this.privateKey, {
        keyManagementAlgorithms: ['ECDH-ES+A256KW', 'ECDH-ES'],
        contentEncryptionAlgorithms: ['A256GCM'],
      });
      return plaintext;
    } catch {
      // The cause is left out on purpose: nothing of a secret may travel in an error.
      throw unavailable(purpose, 'cannot be opened with this agent’s key');
    }
  };
}

function unavailable(purpose: string, why: string): TowpathError {
  return new TowpathError('FAILED_PRECONDITION', `The secret for ${purpose} ${why}.`);
}
