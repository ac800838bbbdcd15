import { readRequests, sendRaw, smugglingCases, wrongOf } from '#libs/testing';
import { ApiRig } from '../../api.rig.js';

/** The api's own port: nothing in front of it that could have read the bytes otherwise. */
let rig: ApiRig;
let port: number;

beforeAll(async () => {
  rig = await ApiRig.start();
  await rig.app.listen(0, '127.0.0.1');
  port = Number(new URL(await rig.app.getUrl()).port);
}, 60_000);
afterAll(() => rig.stop());

it('answers any HTTP/1.1 once or not at all, and with no fault of its own', async () => {
  const cases = smugglingCases('127.0.0.1', '127.0.0.1');
  const wrong = await wrongOf(cases, 100, async ({ expected, parts }, quietMs) => {
    const { statuses } = await sendRaw(port, parts, {
      quietMs,
      enough: ({ statuses: [first] }) => first !== undefined && expected === 'one',
    });
    const final = statuses.filter((status) => status >= 200);
    // A body that cannot be read is told after the answer to its head, and ends the connection.
    const told = final.filter((status) => status !== 400);
    const written = readRequests(parts.join('')).requests.length;
    return [
      ...(final.some((status) => status >= 500 || status < 400) ? [final.join()] : []),
      ...(expected === 'one' && final.length !== 1 ? [`${final.length} answers`] : []),
      ...(told.length > Math.max(1, written) ? [`${told.join()} to ${written}`] : []),
    ];
  });
  expect(wrong).toEqual([]);
  expect((await rig.call('GET', '/v1/openapi.json')).status).toBe(200);
}, 120_000);

it('300 callers who never end their head hold up nobody', async () => {
  const slow = Array.from({ length: 300 }, () => sendRaw(port, ['GET / HTTP/1.1\r\nX: '], { quietMs: 500 }));
  const answer = await sendRaw(port, ['GET /v1/openapi.json HTTP/1.1\r\nHost: a\r\n\r\n'], {
    quietMs: 2_000,
    enough: ({ statuses }) => statuses.length > 0,
  });
  expect(answer.statuses[0]).toBe(200);
  await Promise.all(slow);
}, 30_000);
