import fc from 'fast-check';
import { propertyRuns } from '../property.rig.js';
import { isPublicAddress } from './public-address.js';
import { judgeAttempt, signedContent, webhookUrlProblem } from './webhook.rules.js';

describe('an address of the public Internet', () => {
  it.each([
    ...[
      '8.8.8.8',
      '1.1.1.1',
      '100.63.255.255',
      '100.128.0.0',
      '172.15.255.255',
      '172.32.0.0',
      '223.255.255.255',
    ],
    ...[
      '2606:4700::1111',
      '2001:4860:4860::8888',
      '2a00:1450:4001:80e::200e',
      '::ffff:8.8.8.8',
      '64:ff9b::808:808',
    ],
  ])('%s is one', (text) => expect(isPublicAddress(text)).toBe(true));

  it.each([
    ...['127.0.0.1', '127.255.255.254', '0.0.0.0', '10.1.2.3', '172.16.0.1', '172.31.255.255', '192.168.1.1'],
    ...[
      '169.254.169.254',
      '100.64.0.1',
      '192.0.0.8',
      '198.18.0.1',
      '224.0.0.1',
      '255.255.255.255',
      '240.0.0.1',
    ],
    ...[
      '::',
      '::1',
      'fe80::1',
      'fe80::1%eth0',
      'fc00::1',
      'fd12:3456::1',
      'ff02::1',
      '2001:db8::1',
      '2002:7f00:1::',
    ],
    ...[
      '::ffff:127.0.0.1',
      '::ffff:7f00:1',
      '::ffff:a9fe:a9fe',
      '64:ff9b::7f00:1',
      '64:ff9b:1::808:808',
      '::127.0.0.1',
      '2001::1',
    ],
    ...[
      '',
      'localhost',
      '8.8.8',
      '8.8.8.8.8',
      '256.1.1.1',
      '1:2:3',
      ':::',
      '1::2::3',
      '2606:4700::11111',
      '0x7f.1',
    ],
  ])('%j is none', (text) => expect(isPublicAddress(text)).toBe(false));

  it('an IPv4 address is the same within IPv6', () => {
    fc.assert(
      fc.property(fc.ipV4(), (text) => {
        expect(isPublicAddress(`::ffff:${text}`)).toBe(isPublicAddress(text));
      }),
      propertyRuns(),
    );
  });

  it('no text makes it throw, and nothing local is ever public', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.ipV6()), (text) => {
        const local = /^(0*:)*0*1$|^f[cdef]/i.test(text);
        expect(isPublicAddress(text) && local).toBe(false);
      }),
      propertyRuns(),
    );
  });
});

describe('where messages may be sent', () => {
  it.each([
    ['https://hooks.example.com/towpath?x=1', undefined, undefined],
    ['https://8.8.8.8:8443/', undefined, undefined],
    ['http://hooks.example.com/', /https/, undefined],
    ['https://127.0.0.1/', /public/, undefined],
    ['https://0x7f.1/', /public/, undefined],
    ['https://2130706433/', /public/, undefined],
    ['https://[::1]:9/', /public/, undefined],
    ['https://[::ffff:10.0.0.1]/', /public/, undefined],
    ['https://localhost./', /public/, undefined],
    ['https://db.internal/', /public/, undefined],
    ['https://router/', /public/, undefined],
    ['https://me:secret@example.com/', /password/, /password/],
    ['https://example.com/#a', /fragment/, /fragment/],
    ['ftp://example.com/', /https/, /https/],
    ['file:///etc/passwd', /https/, /https/],
    ['nowhere', /https/, /https/],
    [`https://example.com/${'x'.repeat(500)}`, /500/, /500/],
  ])('%s', (url, toPublic, toAny) => {
    for (const [reach, problem] of [
      ['public', toPublic],
      ['any', toAny],
    ] as const) {
      const found = webhookUrlProblem(url, reach);
      if (problem === undefined) expect(found).toBeUndefined();
      else expect(found).toMatch(problem);
    }
  });
});

it('signs what Standard Webhooks says', () => {
  expect(signedContent('ntc_1', 1_614_265_330, '{"a":1}')).toBe('ntc_1.1614265330.{"a":1}');
});

describe('an attempt', () => {
  const NOW = 1_000_000;
  it.each<[string, number, number | undefined, string, number, boolean]>([
    ['taken', 0, 204, 'delivered', NOW, false],
    ['taken at last', 9, 200, 'delivered', NOW, false],
    ['refused', 0, 500, 'pending', NOW + 5_000, false],
    ['redirected, which is not followed', 0, 302, 'pending', NOW + 5_000, false],
    ['no answer', 1, undefined, 'pending', NOW + 300_000, false],
    ['the ninth', 8, 503, 'pending', NOW + 86_400_000, false],
    ['the tenth and last', 9, 503, 'failed', NOW, false],
    ['gone', 0, 410, 'failed', NOW, true],
  ])('%s', (_name, attempts, status, becomes, at, gone) => {
    const attempt = { result: 'so', ...(status === undefined ? {} : { status }) };
    const after = { status: becomes, attempts: attempts + 1, lastResult: 'so', at, gone };
    expect(judgeAttempt({ attempts }, attempt, NOW, 0)).toEqual(after);
  });

  it('waits at most a tenth longer', () => {
    expect(judgeAttempt({ attempts: 1 }, { result: 'x' }, 0, 0.999_999).at).toBe(330_000);
  });
});
