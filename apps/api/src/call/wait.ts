import { setTimeout as pause } from 'node:timers/promises';
import type { ApiParts } from '../api.parts.js';
import { readOperation } from '../operation/operation.queries.js';
import type { Answer, Caller } from './call.js';

/** How often an open operation is looked at. */
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
  const seconds = typeof wait === 'string' ? Number.parseInt(wait, 10) : 0;
  const deadline = parts.clock.now() + seconds * 1000;
  let body = answer.body;
  while (body['finishedAt'] === undefined && parts.clock.now() < deadline) {
    await pause(Math.min(LOOK_EVERY_MS, deadline - parts.clock.now()));
    body = await readOperation(parts, caller, String(body['id']));
  }
  return { status: body['finishedAt'] === undefined ? 202 : 200, body };
}
