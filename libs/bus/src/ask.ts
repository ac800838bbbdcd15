import { RequestError, TimeoutError, type NatsConnection } from '@nats-io/transport-node';
import { ERROR_CODES, TowpathError, toPublicError } from '#libs/domain';
import { z } from 'zod';
import { decode, encode } from './codec.js';

/** What one hub process may ask another: the schemas of request and answer. */
export interface Ask<Q, A> {
  request: z.ZodType<Q>;
  answer: z.ZodType<A>;
}

/** How long an answer is waited for unless told. */
const ASK_TIMEOUT_MS = 5_000;

const codes = Object.keys(ERROR_CODES) as (keyof typeof ERROR_CODES)[];
const errorSchema = z.object({
  code: z.enum(codes),
  message: z.string(),
  violations: z.array(z.object({ field: z.string(), message: z.string() })).exactOptional(),
  nextStep: z.string().exactOptional(),
  retryAfterSeconds: z.number().exactOptional(),
});
const replySchema = z.union([z.object({ answer: z.unknown() }), z.object({ error: errorSchema })]);

/**
 * Asks whoever answers on the subject, once.
 * @throws TowpathError what the other side threw; UNAVAILABLE when nobody answers in time
 */
export async function ask<Q, A>(
  nc: NatsConnection,
  { subject, timeoutMs = ASK_TIMEOUT_MS }: { subject: string; timeoutMs?: number | undefined },
  asked: Ask<Q, A>,
  value: Q,
): Promise<A> {
  const bytes = encode(asked.request, value);
  const message = await nc.request(subject, bytes, { timeout: timeoutMs }).catch((cause: unknown) => {
    const silent = cause instanceof TimeoutError || cause instanceof RequestError;
    throw silent ? unavailable(subject, cause) : cause;
  });
  const reply = decode(replySchema, message.data);
  if ('error' in reply) throw new TowpathError(reply.error.code, reply.error.message, reply.error);
  return asked.answer.parse(reply.answer);
}

/**
 * Answers on a subject; of all who share the queue one takes each request. What a handler throws goes back to who asks;
 * what is not meant for callers goes to `unexpected` and goes back as INTERNAL. The handler also gets the subject that was
 * asked on, which tells who asks where `on.subject` has a wildcard.
 * @returns what ends it, once all that was asked is answered
 */
export function answer<Q, A>(
  nc: NatsConnection,
  on: { subject: string; queue: string; asked: Ask<Q, A>; unexpected: (error: unknown) => void },
  handler: (request: Q, subject: string) => Promise<A>,
): () => Promise<void> {
  const { subject, queue, asked, unexpected } = on;
  const reply = async (data: Uint8Array, heard: string): Promise<z.input<typeof replySchema>> => {
    try {
      const request = decode(asked.request, data);
      return { answer: asked.answer.parse(await handler(request, heard)) };
    } catch (error) {
      return { error: tellable(error, unexpected) };
    }
  };
  const open = new Set<Promise<void>>();
  const subscription = nc.subscribe(subject, {
    queue,
    callback: (_error, message) => {
      const done = reply(message.data, message.subject)
        .then((body) => void message.respond(encode(replySchema, body)))
        // Whoever asked is told nothing and asks again; the connection is gone.
        .catch(unexpected)
        .finally(() => open.delete(done));
      open.add(done);
    },
  });
  return async () => {
    subscription.unsubscribe();
    await Promise.all(open);
  };
}

function tellable(error: unknown, unexpected: (error: unknown) => void): z.input<typeof errorSchema> {
  if (error instanceof TowpathError && error.code !== 'INTERNAL') {
    return toPublicError(error);
  }
  unexpected(error);
  return {
    code: 'INTERNAL',
    message: 'Something went wrong on our side.',
    nextStep: 'Try again in a moment.',
  };
}

function unavailable(subject: string, cause: unknown): TowpathError {
  const [who = subject] = subject.split('.', 1);
  return new TowpathError('UNAVAILABLE', `A part of the platform (${who}) does not answer.`, {
    nextStep: 'Try again in a moment.',
    retryAfterSeconds: 2,
    cause,
  });
}
