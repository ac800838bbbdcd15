import type { ApiParts } from '../api.parts.js';
import { readOperation } from '../operation/operation.queries.js';
import type { Answer, Caller } from './call.js';

/** How often an open operation is looked at when nothing is heard of it. */
export const LOOK_EVERY_MS = 250;

/**
 * Waits until the operation in the answer has ended or `wait` (`30s`) has passed, and gives it as it is then:
 * 200 when it has ended, 202 when not.
 */
export async function waitForEnd(
  parts: ApiParts,
  caller: Caller,
  answer: Answer,
  wait: unknown,
): Promise<Answer> {
  const { finishedAt, id } = answer.body;
  const seconds = typeof wait === 'string' ? Number.parseInt(wait, 10) : 0;
  if (finishedAt !== undefined || seconds === 0)
    return { status: finishedAt === undefined ? 202 : 200, body: answer.body };
  const deadline = parts.clock.now() + seconds * 1000;
  // Listens before it looks, so that no end falls between the two.
  const moves = parts.moves.of(String(id));
  try {
    for (;;) {
      const body = await readOperation(parts, caller, String(id));
      if (body.finishedAt !== undefined) return { status: 200, body };
      const left = deadline - parts.clock.now();
      if (left <= 0) return { status: 202, body };
      await moves.next(Math.min(LOOK_EVERY_MS, left));
    }
  } finally {
    moves.end();
  }
}
