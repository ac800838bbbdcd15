import { signingKey } from './token.signer.js';

const MINUTE = 60_000;
const now = 100 * MINUTE;
const made = (...minutesAgo: number[]) => minutesAgo.map((ago) => ({ createdAt: now - ago * MINUTE }));

it.each([
  ['the only key, at once', made(0), 0],
  ['the former one while the new one is young', made(60, 1), 0],
  ['the new one once gateways have had time to learn it', made(60, 3), 1],
  ['the newest of several that are known', made(60, 30, 3, 1), 2],
])('signs with %s', (_what, keys, index) => {
  expect(signingKey(keys, now)).toBe(keys[index]);
});

it('does not sign without a key', () => {
  expect(() => signingKey([], now)).toThrow();
});
