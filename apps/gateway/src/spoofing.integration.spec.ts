import { fieldsOf, http2Parts, sendRaw, until } from '#libs/testing';
import type { WireRequest } from '#libs/testing';
import { OWN, VICTIM, WireLab } from './testing/wire.rig.js';

/** What a caller claims about itself, about the way it came and about where it goes. */
let lab: WireLab;
beforeAll(async () => (lab = await WireLab.start()), 60_000);
afterAll(() => lab.stop());

const FORGED = 'forged-7f3a';
const NAMES = [
  ...['For', 'Host', 'Proto', 'Port', 'Client-Cert', 'Prefix', 'Server', 'Scheme'].map(
    (name) => `X-Forwarded-${name}`,
  ),
  ...[
    'Upstream-Rq-Timeout-Ms',
    'Retry-On',
    'Original-Path',
    'Decorator-Operation',
    'Max-Retries',
    'Internal',
  ].map((name) => `X-Envoy-${name}`),
  ...['External-Address', 'Expected-Rq-Timeout-Ms', 'Peer-Metadata', 'Force-Trace'].map(
    (name) => `X-Envoy-${name}`,
  ),
  ...['Caller', 'Revision', 'Not-Reached', 'Anything'].map((name) => `X-Towpath-${name}`),
  ...['K-Network-Probe', 'K-Proxy-Request', 'K-Network-Hash', 'Knative-Serving-Revision'],
  ...['Forwarded', 'X-Request-Id', 'X-Real-IP'],
];
const SPELLINGS: ((name: string) => string)[] = [
  (name) => name,
  (name) => name.toLowerCase(),
  (name) => name.toUpperCase(),
  (name) => name.replaceAll('-', '_'),
  (name) => name.replace('-', '_').toLowerCase(),
];

/** All bytes that the door got because of this. */
async function bytesAfter(act: () => Promise<unknown>): Promise<string> {
  const connections = lab.recorder.connections.map(({ bytes }) => bytes.length);
  const whole = lab.whole();
  await act();
  await until(() => lab.whole() > whole, { what: 'a request at the door' });
  return lab.recorder.connections.map(({ bytes }, at) => bytes.slice(connections[at] ?? 0)).join('');
}

const answered = ({ text }: { text: string }): boolean => text.includes('saw') || / [45]\d\d /.test(text);
const raw = (text: string) => sendRaw(lab.port, [text], { enough: answered });
const inHttp2 = (fields: [string, string][], trailers?: [string, string][]) => {
  const head = Object.entries({ ':method': 'POST', ':scheme': 'http', ':authority': OWN, ':path': '/' });
  const request = { fields: [...head, ...fields], data: ['x'], ...(trailers ? { trailers } : {}) };
  // Who leaves before the answer may take back what has not left for the door.
  return sendRaw(lab.port, http2Parts([request]), {
    quietMs: 2_000,
    enough: ({ text }) => text.includes('saw'),
  });
};

const spelled = NAMES.flatMap((name) => SPELLINGS.map((spell) => spell(name)));

it('no header that the platform speaks by is believed, however it is written', async () => {
  const through: string[] = [];
  const tries = {
    'HTTP/1.1': (name: string) => raw(`GET / HTTP/1.1\r\nHost: ${OWN}\r\n${name}: ${FORGED}\r\n\r\n`),
  };
  const low = (name: string) => inHttp2([[name.toLowerCase(), FORGED]]);
  for (const [how, send] of Object.entries({ ...tries, 'HTTP/2': low })) {
    for (const name of spelled)
      if ((await bytesAfter(() => send(name))).includes(FORGED)) through.push(`${how} ${name}`);
  }
  expect(through).toEqual([]);
}, 60_000);

it('no trailer says what a header may not', async () => {
  const through: string[] = [];
  const names = [...spelled, 'Host', 'Content-Length', 'Transfer-Encoding', 'Authorization', 'Cookie'];
  for (const name of names) {
    const chunked = `POST / HTTP/1.1\r\nHost: ${OWN}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n${name}: ${FORGED}\r\n\r\n`;
    if ((await bytesAfter(() => raw(chunked))).includes(FORGED)) through.push(`HTTP/1.1 ${name}`);
  }
  for (const name of spelled)
    if ((await bytesAfter(() => inHttp2([], [[name.toLowerCase(), FORGED]]))).includes(FORGED))
      through.push(`HTTP/2 ${name}`);
  expect(through).toEqual([]);
}, 60_000);

/** Who Knative answers itself, and who only sounds so. */
const AGENTS: [agent: string, isProbe: boolean][] = [
  ...['kube-probe/1.33', 'Kube-Probe/1', 'Knative-Activator-Probe', 'Knative-Ingress-Probe/1'].map(
    (agent): [string, boolean] => [agent, true],
  ),
  ...['Knative-Autoscaling-Probe', 'Knative-Queue-Proxy-Probe', ' kube-probe/2'].map(
    (agent): [string, boolean] => [agent, true],
  ),
  ...['curl/8', 'Mozilla/5.0 kube-probe/1', 'knativeish', 'kube'].map((agent): [string, boolean] => [
    agent,
    false,
  ]),
];

it.each(AGENTS)('the user agent %j is no probe to the cluster, and is not lost', async (agent, isProbe) => {
  const expected = isProbe ? `towpath-gateway ${agent.trim()}` : agent;
  const head = `/agent HTTP/1.1\r\nHost: ${OWN}\r\nUser-Agent: ${agent}\r\n`;
  await bytesAfter(() => raw(`GET ${head}\r\n`));
  await bytesAfter(() => inHttp2([['user-agent', agent.trim()]]));
  const twice = await bytesAfter(() => raw(`GET ${head}User-Agent: other\r\n\r\n`));
  const agents = lab.heads().flatMap((one) => fieldsOf(one, 'user-agent'));
  expect(agents.slice(-3, -1)).toEqual([expected, expected]);
  expect(twice.toLowerCase()).toContain(`user-agent: ${expected.toLowerCase()}`);
});

it('no user agent stays none', async () => {
  const bytes = await bytesAfter(() => raw(`GET /none HTTP/1.1\r\nHost: ${OWN}\r\n\r\n`));
  expect(bytes.toLowerCase()).not.toContain('user-agent');
});

it('an honest trailer arrives', async () => {
  const text = `POST / HTTP/1.1\r\nHost: ${OWN}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-Sum: 7\r\n\r\n`;
  expect(await bytesAfter(() => raw(text))).toContain('x-sum: 7');
});

it('what the platform says itself is said once', async () => {
  const head = NAMES.map((name) => `${name}: ${FORGED}\r\n`).join('');
  await bytesAfter(() => raw(`GET /once HTTP/1.1\r\nHost: ${OWN}\r\n${head}\r\n`));
  const request = lab.heads().find(({ target }) => target === '/once');
  const names = [
    'x-forwarded-for',
    'x-forwarded-host',
    'x-forwarded-proto',
    'x-request-id',
    'x-towpath-revision',
  ];
  expect(names.map((name) => fieldsOf(request as WireRequest, name).length)).toEqual(names.map(() => 1));
});

const SAID = [
  'x-request-id',
  'x-towpath-revision',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
];

it.each(SAID)('a Connection line does not take away %s', async (named) => {
  const target = `/named-${named}`;
  await raw(`GET ${target} HTTP/1.1\r\nHost: ${OWN}\r\nConnection: ${named}\r\n\r\n`);
  const asked = lab.heads().filter((head) => head.target === target);
  // Envoy refuses a caller who names some of them.
  expect(asked.flatMap((head) => SAID.filter((name) => fieldsOf(head, name).length !== 1))).toEqual([]);
});

/** Target, and what the door is asked for; undefined when nothing. Paths belong to the customer's program: untouched. */
const TARGETS: [target: string, seen: string | undefined, host?: string][] = [
  ...[
    '//',
    '/a//b',
    '/a/../b',
    '/../../etc/passwd',
    '/%2e%2e/%2e%2e/',
    '/..%2f..%2f',
    '/a%2Fb',
    '/a%5cb',
  ].map((target): [string, string] => [target, target]),
  ...[
    '/;a=b',
    '/a;/../b',
    '/%00',
    '/%',
    '/%zz',
    '/%252e',
    '/?x=//victim--p.lab',
    '/a?b?c',
    '/@victim--p.lab',
  ].map((target): [string, string] => [target, target]),
  ['/a#b', undefined],
  ['/a?b#c', undefined],
  [`http://${OWN}/absolute`, '/absolute'],
  [`HTTP://${OWN}/absolute`, '/absolute'],
  [`http://${OWN.toUpperCase()}/absolute`, undefined],
  [`http://${OWN}:80/absolute?x=1`, '/absolute?x=1'],
  [`http://${VICTIM}/absolute`, '/absolute', 'victim.door'],
  [`http://${VICTIM}@${OWN}/absolute`, '/absolute'],
  [`http://${OWN}@${VICTIM}/absolute`, '/absolute', 'victim.door'],
  [`http://nobody--p.lab/absolute`, undefined],
  [`ftp://${OWN}/absolute`, undefined],
  [`//${VICTIM}/absolute`, `//${VICTIM}/absolute`],
  [`${VICTIM}:80`, undefined],
];

it.each(TARGETS)(
  'the target %s is asked for as it is, at the host that was judged',
  async (target, seen, host = 'own.door') => {
    const before = lab.heads().length;
    await raw(`GET ${target} HTTP/1.1\r\nHost: ${OWN}\r\n\r\n`);
    const asked = lab.heads().slice(before);
    const got = asked.map((head) => [head.target, fieldsOf(head, 'host')[0]]);
    expect(got).toEqual(seen === undefined ? [] : [[seen, host]]);
  },
);

const HOSTS: [host: string, door: string | undefined][] = [
  [OWN.toUpperCase(), undefined],
  ...[`${OWN}.`, `${OWN}:80`, `${OWN}:1`, ` ${OWN} `, `\t${OWN}`].map((host): [string, string] => [
    host,
    'own.door',
  ]),
  ...[
    `${OWN}%00`,
    `${OWN},${VICTIM}`,
    `${OWN};${VICTIM}`,
    `x.${OWN}`,
    `${OWN}x`,
    `*`,
    `[::1]`,
    `127.0.0.1`,
    'own.door',
  ].map((host): [string, undefined] => [host, undefined]),
  [`${OWN}..`, undefined],
];

it.each(HOSTS)('the host %j is itself or nobody', async (host, door) => {
  const before = lab.heads().length;
  await raw(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
  expect(
    lab
      .heads()
      .slice(before)
      .map((head) => fieldsOf(head, 'host')[0]),
  ).toEqual(door === undefined ? [] : [door]);
});
