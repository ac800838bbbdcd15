import { createHmac, createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';

/** A token that is good, and what it was made of. */
export interface GoodToken {
  text: string;
  /** Ed25519, private: forgeries with the right key and wrong claims are made with it. */
  key: KeyObject;
  header: Record<string, unknown>;
  claims: Record<string, unknown>;
}

type Forged = [name: string, text: string];

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const raw = (text: string): string => Buffer.from(text).toString('base64url');
const seconds = (): number => Math.floor(Date.now() / 1000);

function signed(key: KeyObject, header: string, payload: string): string {
  const start = `${header}.${payload}`;
  return `${start}.${sign(null, Buffer.from(start), key).toString('base64url')}`;
}

/**
 * Tokens (JWT, Ed25519) that nobody may be let in with: of wrong algorithms, keys, headers, claims and forms. Whoever checks
 * tokens is tried with the same set.
 */
export function forgedTokens(good: GoodToken): Forged[] {
  return [
    ...algorithms(good),
    ...keys(good),
    ...headers(good),
    ...claims(good),
    ...signatures(good),
    ...forms(good),
  ].filter(([, text]) => text !== good.text);
}

function algorithms({ text, key, header, claims: said }: GoodToken): Forged[] {
  const [, body = '', signature = ''] = text.split('.');
  const names = [
    ...[
      'none',
      'None',
      'NONE',
      'nOnE',
      '',
      ' ',
      'HS256',
      'HS384',
      'HS512',
      'RS256',
      'RS512',
      'PS256',
      'ES256',
      'ES384',
    ],
    ...['ES512', 'ES256K', 'Ed448', 'EDDSA', 'eddsa', 'EdDSA ', 'dir', 'A128KW', 'XX', 'null'],
  ];
  const odd = [null, 0, true, [], ['EdDSA'], { EdDSA: 1 }];
  const publicKey = createPublicKey(key);
  const jwk = publicKey.export({ format: 'jwk' });
  const secrets: [string, string | Buffer][] = [
    ['the key', Buffer.from(String(jwk.x), 'base64url')],
    ['the key in base64', String(jwk.x)],
    ['its PEM', publicKey.export({ format: 'pem', type: 'spki' }).toString()],
    ['its DER', publicKey.export({ format: 'der', type: 'spki' })],
    ['its JWK', JSON.stringify(jwk)],
    ['nothing', ''],
    ['its id', String(header['kid'])],
  ];
  const hmac = (alg: string, hash: string, secret: string | Buffer): string => {
    const start = `${part({ ...header, alg })}.${part(said)}`;
    return `${start}.${createHmac(hash, secret).update(start).digest('base64url')}`;
  };
  return [
    ...[...names, ...odd].flatMap((alg): Forged[] => [
      [`algorithm ${JSON.stringify(alg)}, no signature`, `${part({ ...header, alg })}.${body}.`],
      [
        `algorithm ${JSON.stringify(alg)}, a signature of another`,
        `${part({ ...header, alg })}.${body}.${signature}`,
      ],
      [`algorithm ${JSON.stringify(alg)}, without key id`, `${part({ alg })}.${body}.${signature}`],
    ]),
    ...secrets.flatMap(([name, secret]): Forged[] => [
      [`HS256 with ${name}`, hmac('HS256', 'sha256', secret)],
      [`HS512 with ${name}`, hmac('HS512', 'sha512', secret)],
      [`HMAC named EdDSA with ${name}`, hmac('EdDSA', 'sha256', secret)],
    ]),
    ['no algorithm', `${part({ kid: header['kid'] })}.${body}.${signature}`],
  ];
}

function keys({ header, claims: said }: GoodToken): Forged[] {
  const other = generateKeyPairSync('ed25519');
  const curve = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const by = (more: object, without: string[] = []): string => {
    const whole = Object.entries({ ...header, ...more }).filter(([name]) => !without.includes(name));
    return signed(other.privateKey, part(Object.fromEntries(whole)), part(said));
  };
  const kids = [
    ...[
      '',
      ' ',
      '.',
      '..',
      '../../etc/passwd',
      '/dev/null',
      'file:///dev/null',
      'http://127.0.0.1:1/',
      "' OR 1=1 --",
    ],
    ...[
      '__proto__',
      'constructor',
      'toString',
      '*',
      '%00',
      'a\0b',
      '🙂',
      'x'.repeat(300),
      `${String(header['kid'])} `,
    ],
    ...[String(header['kid']).toUpperCase(), `${String(header['kid'])}\0`, `${String(header['kid'])}x`],
    ...[null, 0, true, [], [header['kid']], { kid: header['kid'] }],
  ];
  const jwk = other.publicKey.export({ format: 'jwk' });
  const places: object[] = [
    { jwk },
    { jwk: { ...jwk, kid: header['kid'] } },
    { jku: 'http://127.0.0.1:1/keys' },
    { x5u: 'http://127.0.0.1:1/cert' },
    { x5c: [Buffer.from('x').toString('base64')] },
    { x5t: 'AAAA' },
    { 'x5t#S256': 'AAAA' },
    { iss: 'http://127.0.0.1:1' },
    { jwks: { keys: [jwk] } },
  ];
  return [
    ...kids.map((kid): Forged => [`its own key as ${JSON.stringify(kid)?.slice(0, 40)}`, by({ kid })]),
    ...places.flatMap((place): Forged[] => [
      [`its own key by ${Object.keys(place).join()}`, by(place)],
      [`its own key by ${Object.keys(place).join()}, unknown id`, by({ ...place, kid: 'theirs' })],
      [`its own key by ${Object.keys(place).join()}, no id`, by(place, ['kid'])],
    ]),
    ['its own key under our id', by({})],
    ['a key of another curve', signed(curve.privateKey, part({ ...header, alg: 'ES256' }), part(said))],
  ];
}

function headers({ key, header, claims: said }: GoodToken): Forged[] {
  const by = (more: object): string => signed(key, part({ ...header, ...more }), part(said));
  return [
    ['something critical', by({ crit: ['x'], x: 1 })],
    ['something critical that is not there', by({ crit: ['x'] })],
    ['nothing critical', by({ crit: [] })],
    ['critical that is no list', by({ crit: 'x' })],
    ['an unencoded payload', by({ crit: ['b64'], b64: false })],
    [
      'an algorithm twice',
      signed(key, raw(`{"alg":"EdDSA","kid":"${String(header['kid'])}","alg":"none"}`), part(said)),
    ],
    ['a header that is a list', signed(key, part([header]), part(said))],
    ['a header that is a text', signed(key, part('x'), part(said))],
    ['a header that is null', signed(key, part(null), part(said))],
    ['a header that is no JSON', signed(key, raw('{"alg":"EdDSA"'), part(said))],
    ['an empty header', signed(key, '', part(said))],
  ];
}

function claims({ key, header, claims: said }: GoodToken): Forged[] {
  const by = (more: object): string => signed(key, part(header), part({ ...said, ...more }));
  const audience = String(said['aud']);
  const issuer = String(said['iss']);
  const audiences = [
    ...[
      '',
      ' ',
      `${audience}/`,
      `${audience} `,
      ` ${audience}`,
      audience.slice(0, -1),
      `${audience}x`,
      `x${audience}`,
    ],
    ...[
      audience.toUpperCase(),
      `${audience},x`,
      `${audience}\0`,
      '*',
      '.*',
      'towpath',
      'https://other--p.lab',
    ],
    ...[null, 0, true, {}, [], [audience], [audience, 'x'], ['x', audience], [[audience]], { aud: audience }],
  ];
  const issuers = [
    ...['', `${issuer}x`, issuer.slice(0, -1), issuer.toUpperCase(), `${issuer}/`, 'https://evil'],
    ...[null, 0, [issuer], { iss: issuer }],
  ];
  const later = String(seconds() + 600);
  const ends = [
    0,
    1,
    -1,
    seconds() - 3_600,
    seconds() - 60,
    seconds() - 15,
    later,
    [Number(later)],
    {},
    null,
    true,
    'never',
  ];
  return [
    ...audiences.map((aud): Forged => [`audience ${JSON.stringify(aud)}`, by({ aud })]),
    ...issuers.map((iss): Forged => [`issuer ${JSON.stringify(iss)}`, by({ iss })]),
    ...ends.map((exp): Forged => [`end ${JSON.stringify(exp)}`, by({ exp })]),
    ...[60, 3_600].map((ahead): Forged => [`valid in ${ahead} s`, by({ nbf: seconds() + ahead })]),
    ...['aud', 'iss', 'exp'].map((name): Forged => [`no ${name}`, by({ [name]: undefined })]),
  ];
}

/** The order of the group that Ed25519 signs in (RFC 8032): S + L would be the same signature if nobody looked. */
const L = 2n ** 252n + 27742317777372353535851937790883648493n;

function signatures({ text }: GoodToken): Forged[] {
  const [head = '', body = '', given = ''] = text.split('.');
  const bytes = Buffer.from(given, 'base64url');
  const by = (signature: Buffer): string => `${head}.${body}.${signature.toString('base64url')}`;
  const s = BigInt(`0x${Buffer.from(bytes.subarray(32)).reverse().toString('hex')}`);
  const malleable = Buffer.from((s + L).toString(16).padStart(64, '0'), 'hex').reverse();
  return [
    ['S + L', by(Buffer.concat([bytes.subarray(0, 32), malleable]))],
    ['zeros', by(Buffer.alloc(64))],
    ['the neutral element', by(Buffer.concat([Buffer.from([1]), Buffer.alloc(63)]))],
    ['ones', by(Buffer.alloc(64, 255))],
    ['its halves swapped', by(Buffer.concat([bytes.subarray(32), bytes.subarray(0, 32)]))],
    ['twice', by(Buffer.concat([bytes, bytes]))],
    ...[0, 1, 31, 32, 33, 63, 65].map((length): Forged => [
      `${length} bytes`,
      by(Buffer.concat([bytes, bytes]).subarray(0, length)),
    ]),
    ...Array.from({ length: 64 }, (_, at): Forged => {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8));
      return [`bit ${at % 8} of byte ${at}`, by(changed)];
    }),
  ];
}

function forms({ text, key, header, claims: said }: GoodToken): Forged[] {
  const [head = '', body = '', signature = ''] = text.split('.');
  const cut = Array.from({ length: 40 }, (_, at) => Math.floor((text.length * at) / 40));
  const payloads = [
    '',
    'null',
    '[]',
    '1',
    '"x"',
    '{',
    '{}',
    `${JSON.stringify(said)}x`,
    '\ufeff{}',
    '['.repeat(5_000),
  ];
  return [
    ...cut.map((at): Forged => [`cut after ${at}`, text.slice(0, at)]),
    ...cut.map((at): Forged => [
      `changed at ${at}`,
      `${text.slice(0, at)}${text[at] === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`,
    ]),
    ...payloads.map((payload): Forged => [
      `payload ${payload.slice(0, 12)}`,
      signed(key, part(header), raw(payload)),
    ]),
    ['three dots', '...'],
    ['two parts', `${head}.${body}`],
    ['four parts', `${text}.${signature}`],
    ['five parts, like encrypted', `${head}.${body}.${signature}.${body}.${signature}`],
    ['a token in a token', signed(key, part({ ...header, cty: 'JWT' }), raw(text))],
    ['100 KB of signature', `${head}.${body}.${'A'.repeat(9_000)}`],
    ['JSON serialization', raw(JSON.stringify({ protected: head, payload: body, signature }))],
  ];
}
