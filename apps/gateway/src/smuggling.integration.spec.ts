import { readFileSync } from 'node:fs';
import path from 'node:path';
import {
  EARLY,
  HIDDEN,
  fieldsOf,
  hasReadAll,
  http2Parts,
  sendRaw,
  sendWhenAnswered,
  smugglingCases,
  until,
  wrongOf,
} from '#libs/testing';
import type { RawField, RawHttp2Request } from '#libs/testing';
import { parseLine } from './usage/access-log.line.js';
import { reachedInstance } from './usage/usage.record.js';
import { OWN, VICTIM, WireLab } from './testing/wire.rig.js';

/** Whatever a caller writes: what goes to the door is well-formed, counted once, and for the host that was judged. */
let lab: WireLab;
beforeAll(async () => (lab = await WireLab.start()), 60_000);
afterAll(() => lab.stop());

/** The door got nothing that can be read twice, and the log has one line for each request it got. */
async function checkDoor(): Promise<void> {
  expect(lab.recorder.readings().flatMap(({ fault }) => fault ?? [])).toEqual([]);
  await lab.logged();
  const heads = lab.heads();
  const lines = lab.lines().filter(({ upstream }) => upstream !== undefined);
  const said = lines.map(({ stream, method, path: target, ids }) => `${stream} ${method} ${target} ${ids}`);
  const got = heads.map((head) => {
    const service = fieldsOf(head, 'host')[0] === 'own.door' ? lab.ids.own : lab.ids.victim;
    return `${fieldsOf(head, 'x-request-id')[0]} ${head.method} ${head.target.slice(0, 2048)} ${service}`;
  });
  // What is taken back, or ends wrongly, in one go with its head is logged, but its bytes never left: in the logged ones.
  const unsent = /^(DR|DPE)$/;
  const all = new Set(said);
  expect(got.filter((one) => !all.has(one))).toEqual([]);
  const handedOn = new Set(got);
  const more = lines.filter((_, at) => !handedOn.has(said[at] ?? ''));
  expect(more.filter(({ flags = '' }) => !unsent.test(flags))).toEqual([]);
  expect([new Set(said).size, new Set(got).size]).toEqual([said.length, got.length]);
}

describe('HTTP/1.1', () => {
  const cases = smugglingCases(OWN, VICTIM);

  it('in any form is handed on in one form or not at all', async () => {
    const wrong = await wrongOf(cases, 120, async ({ expected, parts }, quietMs) => {
      const before = lab.whole();
      const answer = await sendRaw(lab.port, parts, {
        quietMs,
        enough: ({ statuses: [first] }) => first !== undefined && (expected === 'one' || first >= 400),
      });
      const got = lab.whole() - before;
      const good = answer.statuses.filter((status) => status === 200).length;
      return [
        ...(got === good ? [] : [`${got} requests, ${good} answers`]),
        ...(expected === 'one' && got !== 1 ? [`${got} requests instead of one`] : []),
        ...(expected === 'refused' && got !== 0 ? ['handed on'] : []),
      ];
    });
    console.log(`${cases.length} raw requests, ${lab.whole()} handed on`);
    expect(wrong).toEqual([]);
    await checkDoor();
    await lab.othersAreServed();
  }, 120_000);

  it('asks for the hidden request only where its bytes stand outside of every body', () => {
    const asked = lab.heads().filter(({ target }) => target.startsWith(HIDDEN));
    const hosts = asked.map((head) => fieldsOf(head, 'x-forwarded-host')[0]);
    // Three cases have a length that ends before the hidden request: it is one of its own, judged and counted as such.
    expect(hosts).toEqual(hosts.map(() => VICTIM));
    expect(asked.length).toBeLessThanOrEqual(3);
  });
});

describe('HTTP/2', () => {
  /** Envoy closes a connection that broke the protocol a second later. */
  const TOGETHER = 12;
  const head = (more: readonly RawField[] = [], pseudo: Record<string, string> = {}): RawField[] => [
    ...Object.entries({ ':method': 'GET', ':scheme': 'http', ':authority': OWN, ':path': '/', ...pseudo }),
    ...more,
  ];
  const inject = `x\r\nHost: ${VICTIM}\r\n\r\nGET ${HIDDEN} HTTP/1.1\r\nHost: ${VICTIM}\r\n\r\n`;
  const post = { ':method': 'POST' };
  const refused: [string, RawHttp2Request][] = [
    ...['x', 'cookie', 'x-forwarded-for', 'user-agent', 'te'].map((name): [string, RawHttp2Request] => [
      `lines in the value of ${name}`,
      { fields: head([[name, inject]]) },
    ]),
    ['a line feed in a value', { fields: head([['x', 'a\nb: c']]) }],
    ['a carriage return in a value', { fields: head([['x', 'a\rb']]) }],
    ['a NUL in a value', { fields: head([['x', 'a\0b']]) }],
    ['lines in a name', { fields: head([[inject, 'a']]) }],
    ['a colon in a name', { fields: head([['a: b', 'c']]) }],
    ['a space in a name', { fields: head([['a b', 'c']]) }],
    ['an upper-case name', { fields: head([['X-Upper', 'c']]) }],
    ['an empty name', { fields: head([['', 'c']]) }],
    [
      'lines in the path',
      { fields: head([], { ':path': `/ HTTP/1.1\r\nHost: ${VICTIM}\r\n\r\nGET ${HIDDEN}` }) },
    ],
    ['a space in the path', { fields: head([], { ':path': `/ HTTP/1.1` }) }],
    ['a path without its slash', { fields: head([], { ':path': 'hidden' }) }],
    ['an empty path', { fields: head([], { ':path': '' }) }],
    [
      'lines in the method',
      { fields: head([], { ':method': `GET / HTTP/1.1\r\nHost: ${VICTIM}\r\n\r\nGET` }) },
    ],
    ['a space in the method', { fields: head([], { ':method': 'GET /hidden' }) }],
    ['lines in the authority', { fields: head([], { ':authority': `${OWN}\r\nX: y` }) }],
    ['a path in the authority', { fields: head([], { ':authority': `${OWN}/hidden` }) }],
    ['no path', { fields: head().filter(([name]) => name !== ':path') }],
    ['no method', { fields: head().filter(([name]) => name !== ':method') }],
    ['two paths', { fields: [...head(), [':path', HIDDEN]] }],
    ['two authorities', { fields: [...head(), [':authority', VICTIM]] }],
    ['a pseudo-header behind the others', { fields: [...head([['x', 'y']]).reverse()] }],
    ['an unknown pseudo-header', { fields: [[':hidden', 'x'], ...head()] }],
    ['a coding', { fields: head([['transfer-encoding', 'chunked']], post), data: ['0\r\n\r\n'] }],
    ['a Connection', { fields: head([['connection', 'content-length']]) }],
    ['a Keep-Alive', { fields: head([['keep-alive', '5']]) }],
    ['a Proxy-Connection', { fields: head([['proxy-connection', 'keep-alive']]) }],
    ['an Upgrade', { fields: head([['upgrade', 'h2c']]) }],
    ['a TE that is no trailers', { fields: head([['te', 'chunked']]) }],
    ['a length above the body', { fields: head([['content-length', '50']], post), data: ['hello'] }],
    ['a length below the body', { fields: head([['content-length', '1']], post), data: [`h${inject}`] }],
    ['a length and no body', { fields: head([['content-length', '5']], post) }],
    [
      'two lengths',
      {
        fields: head(
          [
            ['content-length', '5'],
            ['content-length', '6'],
          ],
          post,
        ),
        data: ['hello'],
      },
    ],
    ['a length that is none', { fields: head([['content-length', '+5']], post), data: ['hello'] }],
    ['a negative length', { fields: head([['content-length', '-1']], post), data: ['hello'] }],
    ['lines in a trailer', { fields: head([], post), data: ['hello'], trailers: [['x', inject]] }],
    [
      'a pseudo-header in a trailer',
      { fields: head([], post), data: ['hello'], trailers: [[':path', HIDDEN]] },
    ],
    [
      'CONNECT',
      {
        fields: [
          [':method', 'CONNECT'],
          [':authority', VICTIM],
        ],
      },
    ],
    [
      'an extended CONNECT for another protocol',
      { fields: head([], { ':method': 'CONNECT', ':protocol': 'connect-udp' }) },
    ],
    ['200 KB of headers', { fields: head([['x', 'a'.repeat(200_000)]]), pieces: 20 }],
    [
      '2,000 headers',
      { fields: head(Array.from({ length: 2_000 }, (_, at) => [`x${at}`, 'y'] as const)), pieces: 4 },
    ],
    ['a head in 5,000 pieces', { fields: head([['x', 'a'.repeat(20_000)]]), pieces: 5_000 }],
  ];

  async function ask(requests: RawHttp2Request[], apart = false): Promise<void> {
    const enough = ({ text }: { text: string }): boolean => hasReadAll(text);
    await sendRaw(lab.port, http2Parts(requests, apart), { quietMs: 120, enough });
  }

  it('in odd forms reaches no door', async () => {
    const wrong: string[] = [];
    for (let at = 0; at < refused.length; at += TOGETHER) {
      const some = refused.slice(at, at + TOGETHER);
      const had = lab.whole();
      await Promise.all(some.map(([, request]) => ask([request])));
      if (lab.whole() !== had) wrong.push(`one of: ${some.map(([name]) => name).join(', ')}`);
    }
    await lab.othersAreServed();
    expect(wrong).toEqual([]);
    await checkDoor();
  }, 60_000);

  it('with a length of nothing and a body is at most a request without one', async () => {
    const hidden = (): number => lab.heads().filter(({ target }) => target === HIDDEN).length;
    const had = hidden();
    const nothing = head([['content-length', '0']], { ...post, ':path': '/nothing' });
    // Its head is a whole request: whether the door gets it depends on whether the body is seen in the same go.
    for (const apart of [false, true]) await ask([{ fields: nothing, data: [inject] }], apart);
    await lab.othersAreServed();
    const got = lab.recorder.readings().flatMap(({ requests }) => requests);
    expect(got.flatMap(({ target, body }) => (target === '/nothing' ? body : ''))).toEqual(got.map(() => ''));
    expect(hidden()).toBe(had);
    await checkDoor();
  });

  it('with another Host beside its authority goes to the authority alone', async () => {
    await ask([{ fields: head([['host', VICTIM]], { ':path': '/h2-host' }) }]);
    const request = await until(() => lab.heads().find(({ target }) => target === '/h2-host'), {
      what: 'the request',
    });
    expect([fieldsOf(request, 'host'), fieldsOf(request, 'x-forwarded-host')]).toEqual([['own.door'], [OWN]]);
  });

  it('taken back 3,000 times as soon as it is asked is counted as often as it is handed on', async () => {
    const requests = Array.from({ length: 3_000 }, () => ({ fields: head(), reset: true }));
    await ask(requests);
    await lab.othersAreServed();
    await checkDoor();
  }, 30_000);
});

it('300 callers who never end their head hold up nobody, and take little', async () => {
  const memory = async (): Promise<number> => {
    const answer = await fetch(`http://127.0.0.1:${lab.adminPort}/memory`);
    return Number(((await answer.json()) as { allocated: string }).allocated);
  };
  const before = await memory();
  const slow = Array.from({ length: 300 }, () =>
    sendRaw(lab.port, [`GET / HTTP/1.1\r\nHost: ${OWN}\r\nX: ${'a'.repeat(1_000)}`], { quietMs: 500 }),
  );
  await until(() => lab.othersAreServed().then(() => true), { what: 'an answer' });
  expect((await memory()) - before).toBeLessThan(60 * 1_048_576);
  expect((await Promise.all(slow)).filter(({ statuses }) => statuses.includes(200))).toEqual([]);
}, 30_000);

it('whoever has an answer and then ends the request wrongly has not had it for nothing', async () => {
  const head = `POST ${EARLY} HTTP/1.1\r\nHost: ${OWN}\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n`;
  await sendWhenAnswered(lab.port, head, 'no chunk\r\n');
  const line = await until(() => lab.lines().find((one) => one.path === EARLY), { what: 'its line' });
  expect([line.flags, line.status, reachedInstance(line)]).toEqual(['DPE', 200, true]);
});

it('the log has no line that cannot be read', async () => {
  await lab.logged();
  const text = readFileSync(path.join(lab.folder, 'envoy.log'), 'utf8');
  const lines = text.slice(0, text.lastIndexOf('\n')).split('\n');
  expect(lines.filter((line) => parseLine(line) === undefined)).toEqual([]);
});
