import { TowpathError } from '#libs/domain';
import { z } from 'zod';

/** The agent's public key: X25519, in base64url without padding; 32 bytes are 43 characters. */
const publicKeySchema = z.strictObject({
  kty: z.literal('OKP'),
  crv: z.literal('X25519'),
  x: z.string().regex(/^[A-Za-z0-9_-]{43}$/, 'must be 32 bytes in base64url'),
  kid: z.string().max(100).exactOptional(),
  alg: z.string().max(40).exactOptional(),
  use: z.string().max(10).exactOptional(),
});

export const joinRequestSchema = z.strictObject({
  token: z.string().min(1).max(200),
  publicKey: publicKeySchema.exactOptional(),
  /** The cluster that an agent means to be: a token of another one is refused, and stays unused. */
  cluster: z.string().min(1).max(63).exactOptional(),
  /** What the joiner made up for this join and keeps until it is a member: whoever sends it again is the same one. */
  nonce: z
    .string()
    .regex(/^[0-9a-f]{64}$/, 'must be 32 bytes in hex')
    .exactOptional(),
});

export type JoinRequest = z.infer<typeof joinRequestSchema>;

/** @throws TowpathError INVALID_ARGUMENT with every reason and its field */
export function parseJoinRequest(body: unknown): JoinRequest {
  const result = joinRequestSchema.safeParse(body);
  if (result.success) return result.data;
  const violations = result.error.issues.map((issue) => ({
    field: issue.path.join('.'),
    message: issue.message,
  }));
  throw new TowpathError('INVALID_ARGUMENT', 'The request to join is not valid.', { violations });
}
