/** What a hidden request asks for: nobody may see it asked whom the reader in front did not count. */
export const HIDDEN = '/hidden';

/**
 * `refused`: answered with an error or not at all, no whole request handed on. `one`: exactly one request is handed on
 * and answered. `either`: refused, or read in one way and handed on in a form that has no second.
 */
export type Expected = 'refused' | 'one' | 'either';

/** Bytes that two readers could take for different requests. */
export interface RawCase {
  name: string;
  parts: string[];
  expected: Expected;
}

const LINES = (host: string): string => `Host: ${host}\r\n`;
const hidden = (host: string): string => `GET ${HIDDEN} HTTP/1.1\r\nHost: ${host}\r\n\r\n`;

const get = (line: string, headers: string, body = ''): string => `${line}\r\n${headers}\r\n${body}`;

type Make = (host: string, victim: string) => [name: string, expected: Expected, ...parts: string[]][];

/** Codings that are `chunked` for some readers and nothing for others. */
const CODINGS: [string, string][] = [
  ['chunked', 'Transfer-Encoding: chunked'],
  ['space before the colon', 'Transfer-Encoding : chunked'],
  ['tab before the colon', 'Transfer-Encoding\t: chunked'],
  ['leading space', ' Transfer-Encoding: chunked'],
  ['vertical tab in front', 'Transfer-Encoding: \x0bchunked'],
  ['tab in front', 'Transfer-Encoding:\tchunked'],
  ['no space', 'Transfer-Encoding:chunked'],
  ['in upper case', 'TRANSFER-ENCODING: CHUNKED'],
  ['twice', 'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked'],
  ['and another', 'Transfer-Encoding: chunked\r\nTransfer-Encoding: x'],
  ['another and', 'Transfer-Encoding: x\r\nTransfer-Encoding: chunked'],
  ['identity', 'Transfer-Encoding: identity'],
  ['chunked, identity', 'Transfer-Encoding: chunked, identity'],
  ['identity, chunked', 'Transfer-Encoding: identity, chunked'],
  ['chunked, chunked', 'Transfer-Encoding: chunked, chunked'],
  ['xchunked', 'Transfer-Encoding: xchunked'],
  ['chunkedx', 'Transfer-Encoding: chunkedx'],
  ['in quotes', 'Transfer-Encoding: "chunked"'],
  ['with a parameter', 'Transfer-Encoding: chunked;q=1'],
  ['folded', 'Transfer-Encoding:\r\n chunked'],
  ['folded with a tab', 'Transfer-Encoding:\r\n\tchunked'],
  ['behind a folded line', 'X: a\r\n b\r\nTransfer-Encoding: chunked'],
  ['behind a bare line feed', 'X: a\nTransfer-Encoding: chunked'],
  ['behind a bare carriage return', 'X: a\rTransfer-Encoding: chunked'],
  ['behind a NUL', 'X: a\0\r\nTransfer-Encoding: chunked'],
  ['with a NUL', 'Transfer-Encoding: chunked\0'],
  ['with an underscore', 'Transfer_Encoding: chunked'],
  ['empty', 'Transfer-Encoding: '],
  ['a comma', 'Transfer-Encoding: ,chunked'],
  ['a comma behind', 'Transfer-Encoding: chunked,'],
  ['gzip', 'Transfer-Encoding: gzip, chunked'],
];

/** Lengths that are none. */
const LENGTHS: [string, string][] = [
  ['negative', '-1'],
  ['with a plus', '+5'],
  ['in hex', '0x5'],
  ['with a point', '5.0'],
  ['empty', ''],
  ['huge', '99999999999999999999999'],
  ['2^64 + 5', '18446744073709551621'],
  ['2^63', '9223372036854775808'],
  ['two in one', '5, 5'],
  ['two that differ in one', '5, 6'],
  ['with a space inside', '5 5'],
  ['words', 'five'],
  ['with an underscore inside', '1_0'],
  ['with a NUL', '5\0'],
];

/** Lengths, codings and chunks that contradict each other. */
const framing: Make = (host, victim) => {
  const post = (headers: string, body: string): string =>
    `POST / HTTP/1.1\r\n${LINES(host)}${headers}\r\n\r\n${body}`;
  const inner = hidden(victim);
  const chunk = `0\r\n\r\n${inner}`;
  const cl = `Content-Length: ${chunk.length}`;
  return [
    ...CODINGS.map(([name, coding]): [string, Expected, string] => [
      `CL and TE: ${name}`,
      'either',
      post(`${cl}\r\n${coding}`, chunk),
    ]),
    ...CODINGS.map(([name, coding]): [string, Expected, string] => [
      `TE and CL: ${name}`,
      'either',
      post(`${coding}\r\nContent-Length: 4`, `${(inner.length + 0).toString(16)}\r\n${inner}\r\n0\r\n\r\n`),
    ]),
    ...LENGTHS.map(([name, value]): [string, Expected, string] => [
      `a length that is ${name}`,
      name === 'two in one' ? 'either' : 'refused',
      post(`Content-Length: ${value}`, `hello${inner}`),
    ]),
    ['two lengths that differ', 'refused', post('Content-Length: 5\r\nContent-Length: 0', `hello${inner}`)],
    ['two lengths alike', 'either', post('Content-Length: 5\r\nContent-Length: 5', 'hello')],
    ['a length with a space before the colon', 'refused', post('Content-Length : 5', `hello${inner}`)],
    ['a length folded', 'either', post('Content-Length:\r\n 5', `hello${inner}`)],
    ['leading zeros', 'either', post('Content-Length: 0005', 'hello')],
  ];
};

const chunks: Make = (host, victim) => {
  const inner = hidden(victim);
  const chunked = (body: string, more = ''): string =>
    `POST / HTTP/1.1\r\n${LINES(host)}Transfer-Encoding: chunked\r\n${more}\r\n${body}`;
  return [
    ['an honest chunk', 'one', chunked('5\r\nhello\r\n0\r\n\r\n')],
    ['an honest chunk in small packets', 'one', ...chunked('5\r\nhello\r\n0\r\n\r\n').split('')],
    ['a chunk extension', 'either', chunked('5;a=b\r\nhello\r\n0\r\n\r\n')],
    ['a chunk extension with a line feed', 'refused', chunked(`5;a=\nb\r\nhello\r\n0\r\n\r\n${inner}`)],
    ['a chunk extension with a bare carriage return', 'refused', chunked(`5;a=\rb\r\nhello\r\n0\r\n\r\n`)],
    ['a chunk extension of 100 KB', 'either', chunked(`5;${'a'.repeat(100_000)}\r\nhello\r\n0\r\n\r\n`)],
    ['a chunk size with a space', 'either', chunked('5 \r\nhello\r\n0\r\n\r\n')],
    ['a chunk size with a space in front', 'either', chunked(' 5\r\nhello\r\n0\r\n\r\n')],
    ['a chunk size in 0x', 'refused', chunked('0x5\r\nhello\r\n0\r\n\r\n')],
    ['a negative chunk size', 'refused', chunked(`-5\r\nhello\r\n0\r\n\r\n${inner}`)],
    ['a chunk size with a plus', 'refused', chunked('+5\r\nhello\r\n0\r\n\r\n')],
    ['a chunk size over 64 bits', 'refused', chunked(`10000000000000005\r\nhello\r\n0\r\n\r\n${inner}`)],
    ['a chunk size of 2^64 - 1', 'refused', chunked(`ffffffffffffffff\r\nhello\r\n0\r\n\r\n${inner}`)],
    ['a chunk size of 200 zeros', 'either', chunked(`${'0'.repeat(200)}5\r\nhello\r\n0\r\n\r\n`)],
    ['a chunk size that is no number', 'refused', chunked('zz\r\nhello\r\n0\r\n\r\n')],
    ['an empty chunk size', 'refused', chunked(`\r\n${inner}`)],
    ['a chunk that ends in a line feed', 'refused', chunked(`5\nhello\n0\n\n${inner}`)],
    ['a chunk longer than its size', 'either', chunked(`5\r\nhelloXX\r\n0\r\n\r\n`)],
    [
      'a last chunk without its end',
      'refused',
      chunked(`5\r\nhello\r\n0\r\n${inner.replace('\r\n\r\n', '')}`),
    ],
    ['a trailer that is a request', 'either', chunked(`0\r\nX: ${'y'.repeat(20)}\r\n\r\n`)],
    ['a trailer that spoofs a length', 'either', chunked('0\r\nContent-Length: 50\r\nHost: other\r\n\r\n')],
    ['a trailer that spoofs our headers', 'either', chunked('0\r\nx-towpath-caller: forged\r\n\r\n')],
    ['a trailer with a bare line feed', 'either', chunked(`0\r\nX: a\nY: b\r\n\r\n`)],
  ];
};

/** Lines that are no lines, hosts that are two. */
const heads: Make = (host, victim) => {
  const lines = LINES(host);
  return [
    ['an honest request', 'one', get('GET / HTTP/1.1', lines)],
    ['an empty line in front', 'either', `\r\n${get('GET / HTTP/1.1', lines)}`],
    ['line feeds only', 'either', `GET / HTTP/1.1\nHost: ${host}\n\n`],
    ['a line feed behind the request line', 'either', `GET / HTTP/1.1\nHost: ${host}\r\n\r\n`],
    ['a bare carriage return in a value', 'either', get('GET / HTTP/1.1', `${lines}X: a\rb\r\n`)],
    ['a NUL in a value', 'refused', get('GET / HTTP/1.1', `${lines}X: a\0b\r\n`)],
    ['a NUL in a name', 'refused', get('GET / HTTP/1.1', `${lines}X\0: a\r\n`)],
    ['a NUL in the path', 'refused', get('GET /\0 HTTP/1.1', lines)],
    ['a space in a name', 'refused', get('GET / HTTP/1.1', `${lines}X Y: a\r\n`)],
    ['a space before a colon', 'refused', get('GET / HTTP/1.1', `${lines}X : a\r\n`)],
    ['a header without a colon', 'refused', get('GET / HTTP/1.1', `${lines}X\r\n`)],
    ['a header without a name', 'refused', get('GET / HTTP/1.1', `${lines}: a\r\n`)],
    ['a first header that is folded', 'refused', `GET / HTTP/1.1\r\n X: a\r\nHost: ${host}\r\n\r\n`],
    ['a folded Host', 'either', `GET / HTTP/1.1\r\nHost:\r\n ${host}\r\n\r\n`],
    ['no Host', 'refused', get('GET / HTTP/1.1', '')],
    ['an empty Host', 'refused', get('GET / HTTP/1.1', 'Host: \r\n')],
    ['two Hosts', 'refused', get('GET / HTTP/1.1', `${lines}Host: ${victim}\r\n`)],
    ['two Hosts, the other first', 'refused', get('GET / HTTP/1.1', `Host: ${victim}\r\n${lines}`)],
    ['two Hosts alike', 'refused', get('GET / HTTP/1.1', lines + lines)],
    ['two Hosts in one', 'refused', get('GET / HTTP/1.1', `Host: ${host}, ${victim}\r\n`)],
    ['a Host with a path', 'refused', get('GET / HTTP/1.1', `Host: ${host}/${victim}\r\n`)],
    ['a Host with a user', 'refused', get('GET / HTTP/1.1', `Host: ${victim}@${host}\r\n`)],
    ['a Host with a space', 'refused', get('GET / HTTP/1.1', `Host: ${host} ${victim}\r\n`)],
    ['a Host with a NUL', 'refused', get('GET / HTTP/1.1', `Host: ${host}\0.${victim}\r\n`)],
    ['a Host behind a space', 'refused', get('GET / HTTP/1.1', `Host : ${victim}\r\n${lines}`)],
  ];
};

/** Request lines that are none, protocols that are others, heads that are too large. */
const firstLines: Make = (host, victim) => {
  const inner = hidden(victim);
  const lines = LINES(host);
  return [
    ['HTTP/1.0', 'either', get('GET / HTTP/1.0', lines)],
    [
      'HTTP/1.0 with a coding',
      'either',
      get('POST / HTTP/1.0', `${lines}Transfer-Encoding: chunked\r\n`, `0\r\n\r\n${inner}`),
    ],
    ['HTTP/0.9', 'refused', 'GET /\r\n'],
    ['HTTP/1.2', 'either', get('GET / HTTP/1.2', lines)],
    ['HTTP/2.0', 'either', get('GET / HTTP/2.0', lines)],
    ['HTTP/9', 'refused', get('GET / HTTP/9', lines)],
    ['http in lower case', 'refused', get('GET / http/1.1', lines)],
    ['two spaces', 'either', get('GET  / HTTP/1.1', lines)],
    ['a tab for a space', 'either', get('GET\t/\tHTTP/1.1', lines)],
    ['a space in the path', 'refused', get('GET /a b HTTP/1.1', lines)],
    ['a method with a space in front', 'refused', get(' GET / HTTP/1.1', lines)],
    ['a method in lower case', 'refused', get('get / HTTP/1.1', lines)],
    ['a method nobody knows', 'either', get('SMUGGLE / HTTP/1.1', lines)],
    ['CONNECT', 'refused', get(`CONNECT ${victim}:443 HTTP/1.1`, lines)],
    ['CONNECT to itself', 'refused', get(`CONNECT ${host}:80 HTTP/1.1`, lines, inner)],
    ['a path without its slash', 'refused', get('GET hidden HTTP/1.1', lines)],
    ['a path that is a star', 'either', get('GET * HTTP/1.1', lines)],
    ['PRI', 'refused', 'PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n'],
    ['a header of 200 KB', 'refused', get('GET / HTTP/1.1', `${lines}X: ${'a'.repeat(200_000)}\r\n`)],
    [
      '10,000 headers',
      'refused',
      get('GET / HTTP/1.1', lines + Array.from({ length: 10_000 }, (_, at) => `X${at}: a\r\n`).join('')),
    ],
    ['a path of 200 KB', 'refused', get(`GET /${'a'.repeat(200_000)} HTTP/1.1`, lines)],
    [
      'h2c asked for',
      'either',
      get(
        'GET / HTTP/1.1',
        `${lines}Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n`,
      ),
    ],
    [
      'h2c and a websocket',
      'either',
      get('GET / HTTP/1.1', `${lines}Connection: Upgrade\r\nUpgrade: websocket, h2c\r\n`),
    ],
    ['a TLS handshake', 'refused', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03' + 'a'.repeat(500)],
    [
      'noise',
      'refused',
      Array.from({ length: 2_000 }, (_, at) => String.fromCharCode((at * 7919) % 256)).join(''),
    ],
  ];
};

/** What belongs to one connection, and requests on the heels of others. */
const connections: Make = (host, victim) => {
  const inner = hidden(victim);
  const lines = LINES(host);
  const withBody = (method: string, named: string): string =>
    `${method} / HTTP/1.1\r\n${lines}Connection: ${named}\r\nContent-Length: ${inner.length}\r\n\r\n${inner}`;
  return [
    ...['content-length', 'host', 'Content-Length, Host', 'transfer-encoding', 'x-request-id'].flatMap(
      (named): [string, Expected, string][] =>
        ['GET', 'POST', 'DELETE', 'HEAD', 'OPTIONS'].map((method) => [
          `${method} with a body, Connection: ${named}`,
          'either',
          withBody(method, named),
        ]),
    ),
    ...['GET', 'DELETE', 'HEAD', 'OPTIONS'].map((method): [string, Expected, string] => [
      `${method} with a chunked body that is a request`,
      'either',
      `${method} / HTTP/1.1\r\n${lines}Transfer-Encoding: chunked\r\nConnection: transfer-encoding\r\n\r\n${inner.length.toString(16)}\r\n${inner}\r\n0\r\n\r\n`,
    ]),
    [
      'a body that waits for a word',
      'either',
      `POST / HTTP/1.1\r\n${lines}Expect: 100-continue\r\nContent-Length: 5\r\n\r\n`,
      'hello',
    ],
    [
      'a body that expects something else',
      'either',
      `POST / HTTP/1.1\r\n${lines}Expect: miracles\r\nContent-Length: 5\r\n\r\nhello`,
    ],
    ['half a body', 'refused', `POST / HTTP/1.1\r\n${lines}Content-Length: 500\r\n\r\nhello`],
    ['half a head', 'refused', `GET / HTTP/1.1\r\n${lines}X: a`],
    [
      'a websocket without its key, and a request behind it',
      'either',
      `GET / HTTP/1.1\r\n${lines}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 777\r\n\r\n${inner}`,
    ],
    ['an upgrade that is not asked for', 'either', `GET / HTTP/1.1\r\n${lines}Upgrade: websocket\r\n\r\n`],
  ];
};

/** The whole set against one host, trying to reach another. */
export function smugglingCases(host: string, victim: string): RawCase[] {
  return [framing, chunks, heads, firstLines, connections].flatMap((make) =>
    make(host, victim).map(([name, expected, ...parts]) => ({ name, expected, parts })),
  );
}

/**
 * What `judge` says is wrong with the cases. What seems wrong is judged again alone with ten times the quiet: on a busy machine
 * a request may arrive only when the next case is counted already.
 */
export async function wrongOf(
  cases: readonly RawCase[],
  quietMs: number,
  judge: (one: RawCase, quietMs: number) => Promise<string[]>,
): Promise<string[]> {
  const suspects: RawCase[] = [];
  for (const one of cases) if ((await judge(one, quietMs)).length > 0) suspects.push(one);
  const wrong: string[] = [];
  for (const one of suspects)
    wrong.push(...(await judge(one, 10 * quietMs)).map((what) => `${one.name}: ${what}`));
  return wrong;
}
