import { CALLER_KEYS_KEY, ROUTES_BUCKET, callerKeysSchema, type Bus } from '#libs/bus';
import { CALLER_TOKEN, same, type Clock } from '#libs/domain';
import { Loop, type Logger } from '#libs/process';
import { publicSigningKeys, type Database } from '#libs/store';
import type { TokenSigner } from '../signing/token.signer.js';

const EVERY_MS = 5_000;

/**
 * Shows gateways the public keys of callers' tokens: written at start, and again whenever the bucket says otherwise (it
 * was emptied, or a key came or went). A key stays shown until the last token it signed has expired.
 */
export function showCallerKeys(parts: {
  db: Database;
  bus: Bus;
  clock: Clock;
  signer: TokenSigner;
  logger: Logger;
}): Loop {
  const { db, bus, clock, signer, logger } = parts;
  return new Loop(
    'caller keys',
    EVERY_MS,
    async () => {
      await signer.ready('invoke');
      const retiredAfter = clock.now() - 2 * CALLER_TOKEN.maximumSeconds * 1000;
      const keys = await db.asSystem((tx) => publicSigningKeys(tx, 'invoke', retiredAfter));
      const wanted = callerKeysSchema.parse({ schemaVersion: 1, keys: keys.map(({ jwk }) => jwk) });
      const shown = await bus.getKey(ROUTES_BUCKET, CALLER_KEYS_KEY, callerKeysSchema);
      if (shown && same(shown.value, wanted)) return;
      // Only over what was looked at: a replica that stood still must not put back what another has replaced.
      await bus.replaceKey(ROUTES_BUCKET, CALLER_KEYS_KEY, callerKeysSchema, wanted, shown?.sequence);
    },
    logger,
  );
}
