import { z } from 'zod';
import { TowpathError } from '#libs/domain';

/** What a gateway sends to `POST /certificate`: a PKCS#10 request in PEM, with one DNS name. */
export const certificateRequestSchema = z.strictObject({ request: z.string().min(1).max(10_000) });

/** What identity answers: PEM, the leaf first. */
export const certificateAnswerSchema = z.object({ chain: z.string().min(1) });

const ANSWER_LIMIT_MS = 10_000;

/**
 * Asks identity for a certificate; the renewal token says which gateway asks.
 * @throws TowpathError UNAVAILABLE when identity does not answer, FAILED_PRECONDITION when it refuses
 */
export async function requestCertificate(
  url: string,
  renewalToken: string,
  request: string,
): Promise<string> {
  const response = await fetch(`${url}/certificate`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${renewalToken}` },
    body: JSON.stringify({ request }),
    signal: AbortSignal.timeout(ANSWER_LIMIT_MS),
  }).catch((cause: unknown) => {
    throw new TowpathError('UNAVAILABLE', 'Identity does not answer; no certificate was issued.', { cause });
  });
  if (response.ok) return certificateAnswerSchema.parse(await response.json()).chain;
  await response.body?.cancel();
  throw new TowpathError('FAILED_PRECONDITION', `Identity issued no certificate (${response.status}).`, {
    nextStep: 'See the log of identity.',
  });
}
