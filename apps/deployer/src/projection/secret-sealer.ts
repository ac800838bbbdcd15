import { sealedKey, sealedSecretSchema, targetsBucket } from '#libs/bus';
import { pinnedSecrets, type Cluster, type PinnedSecret, type Target } from '#libs/domain';
import { StaleWrite } from '#libs/store';
import { CompactEncrypt, calculateJwkThumbprint, decodeProtectedHeader, importJWK, type JWK } from 'jose';
import type { Keys, Records } from '../reconcile/ports.js';

/**
 * Seals the secrets that a target refers to, each as an entry of its own to the public key of the cluster's agent
 * (JWE, ECDH-ES+A256KW, A256GCM). The key's thumbprint is in the header: an entry sealed to a former key is replaced.
 */
export class SecretSealer {
  constructor(
    private readonly keys: Keys,
    private readonly records: Pick<Records, 'openSecret'>,
  ) {}

  /** Returns how many entries were written. */
  async seal(target: Target, clusters: readonly Cluster[]): Promise<number> {
    const refs = refsOf(target);
    const publicKey: JWK | undefined = clusters.find((cluster) => cluster.id === target.clusterId)?.publicKey;
    if (refs.length === 0 || publicKey === undefined) return 0;
    const kid = await calculateJwkThumbprint(publicKey);
    let written = 0;
    for (const ref of refs) written += await this.sealOne(target, ref, publicKey, kid);
    return written;
  }

  private async sealOne(target: Target, ref: PinnedSecret, publicKey: JWK, kid: string): Promise<number> {
    const bucket = targetsBucket(target.clusterId);
    const key = sealedKey(ref.id, ref.version);
    const held = await this.keys.getKey(bucket, key, sealedSecretSchema);
    if (held && decodeProtectedHeader(held.value.jwe).kid === kid) return 0;
    const value = await this.records.openSecret(target.organizationId, ref.id, ref.version);
    const jwe = await new CompactEncrypt(value)
      .setProtectedHeader({ alg: 'ECDH-ES+A256KW', enc: 'A256GCM', kid })
      .encrypt(await importJWK(publicKey, 'ECDH-ES+A256KW'));
    const entry = { schemaVersion: 1 as const, secretId: ref.id, version: ref.version, jwe };
    const sequence = await this.keys.replaceKey(bucket, key, sealedSecretSchema, entry, held?.sequence);
    if (sequence === undefined) throw new StaleWrite(`key ${key}`);
    return 1;
  }
}

/** Each secret once, in a fixed order. */
function refsOf(target: Target): PinnedSecret[] {
  const refs = target.revisions.flatMap(pinnedSecrets);
  const unique = new Map(refs.map((ref) => [sealedKey(ref.id, ref.version), ref]));
  return [...unique].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, ref]) => ref);
}
