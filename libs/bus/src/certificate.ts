import { z } from 'zod';
import { TowpathError } from '#libs/domain';

/** What a gateway sends to `POST /certificate`: a PKCS#10 request in PEM, with one DNS name. */
export const certificateRequestSchema = z.strictObject({ request: z.string().min(1).max(10_000) });

/** What a member sends to `POST /peer-certificate`: a request for its own name at that side of a door. */
export const peerCertificateRequestSchema = z.strictObject({
  request: z.string().min(1).max(10_000),
  side: z.enum(['gateway', 'door']),
});

/** What identity answers: PEM, the leaf first. */
export const certificateAnswerSchema = z.object({ chain: z.string().min(1) });

/** What identity answers to `POST /peer-certificate`: PEM each; `trust` is the root that vouches for the other side. */
export const peerCertificateAnswerSchema = z.object({ chain: z.string().min(1), trust: z.string().min(1) });
export type PeerCertificateAnswer = z.infer<typeof peerCertificateAnswerSchema>;

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
  return certificateAnswerSchema.parse(await asked(`${url}/certificate`, renewalToken, { request })).chain;
}

/**
 * Asks identity for what a gateway shows to doors, or a door to gateways; the renewal token says who asks.
 * @throws TowpathError as `requestCertificate`
 */
export async function requestPeerCertificate(
  url: string,
  renewalToken: string,
  request: z.infer<typeof peerCertificateRequestSchema>,
): Promise<PeerCertificateAnswer> {
  return peerCertificateAnswerSchema.parse(await asked(`${url}/peer-certificate`, renewalToken, request));
}

async function asked(url: string, renewalToken: string, body: unknown): Promise<unknown> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${renewalToken}` },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(ANSWER_LIMIT_MS),
  }).catch((cause: unknown) => {
    throw new TowpathError('UNAVAILABLE', 'Identity does not answer; no certificate was issued.', { cause });
  });
  if (response.ok) return response.json();
  await response.body?.cancel();
  throw new TowpathError('FAILED_PRECONDITION', `Identity issued no certificate (${response.status}).`, {
    nextStep: 'See the log of identity.',
  });
}
