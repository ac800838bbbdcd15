import { CALLER_TOKEN_ASK, IDENTITY_QUEUE, identitySubject, type Bus } from '#libs/bus';
import type { Clock } from '#libs/domain';
import type { Logger } from '#libs/process';
import type { TokenSigner } from '../signing/token.signer.js';

/** Signs tokens for callers of private services, as the api asks for them. Returns what ends it. */
export function answerCallers(
  bus: Bus,
  { signer, clock, logger }: { signer: TokenSigner; clock: Clock; logger: Logger },
): () => Promise<void> {
  const verb = 'caller-token';
  return bus.answer(
    {
      subject: identitySubject(verb),
      queue: IDENTITY_QUEUE,
      asked: CALLER_TOKEN_ASK,
      unexpected: (error) => logger.error({ err: error, verb }, 'unexpected error'),
    },
    async ({ subject: sub, audience: aud, lifetimeSeconds }) => ({
      token: await signer.signToken('invoke', { sub, aud }, lifetimeSeconds),
      expiresAt: clock.now() + lifetimeSeconds * 1000,
    }),
  );
}
