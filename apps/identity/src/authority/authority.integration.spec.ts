import 'reflect-metadata';
import { X509Certificate, createPrivateKey } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer } from 'node:tls';
import { findAuthority, findRootCertificate, unseal } from '#libs/store';
import { SteppedClock, testDatabase, type TestDatabase } from '#libs/testing';
import {
  PemConverter,
  Pkcs10CertificateRequestGenerator,
  SubjectAlternativeNameExtension,
  X509Certificate as Parsed,
  type JsonGeneralNames,
} from '@peculiar/x509';
import { ALGORITHM, leafCertificate } from './authority.certificates.js';
import { Authority } from './authority.js';

const DOMAIN = 'towpath.test';
const RSA = {
  name: 'RSASSA-PKCS1-v1_5',
  hash: 'SHA-256',
  modulusLength: 2048,
  publicExponent: new Uint8Array([1, 0, 1]),
};
const dns = (...values: string[]): JsonGeneralNames => values.map((value) => ({ type: 'dns', value }));

async function requestOf(
  names: JsonGeneralNames,
  algorithm: typeof ALGORITHM | typeof RSA = ALGORITHM,
): Promise<{ request: string; key: string }> {
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const made = await Pkcs10CertificateRequestGenerator.create({
    keys,
    signingAlgorithm: algorithm,
    extensions: names.length > 0 ? [new SubjectAlternativeNameExtension(names)] : [],
  });
  const key = PemConverter.encode(await crypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY');
  return { request: made.toString('pem'), key };
}

/** What a client that trusts that root says of a server with that certificate: '' when it is content. */
async function verdict(chain: string, key: string, root: string, servername: string): Promise<string> {
  const server = createServer({ cert: chain, key }, (socket) => socket.end());
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const socket = connect({ host: '127.0.0.1', port, servername, ca: root });
  const said = await new Promise<string>((resolve) => {
    socket.on('secureConnect', () => resolve(''));
    socket.on('error', (error: Error) => resolve(error.message));
  });
  socket.destroy();
  server.close();
  return said;
}

describe('the authority of a domain', () => {
  const clock = new SteppedClock(Date.now());
  const masterKey = new Uint8Array(32).fill(7);
  let database: TestDatabase;
  let authority: Authority;
  let root: string;

  const open = (domain = DOMAIN, key = masterKey): Promise<Authority> =>
    Authority.open({ db: database.db, clock, masterKey: key, domain, lifeSeconds: 3_600 });

  beforeAll(async () => {
    database = await testDatabase();
    authority = (await Promise.all([open(), open(), open()]))[0];
    root = (await database.db.asApi((tx) => findRootCertificate(tx, DOMAIN))) ?? '';
  });
  afterAll(() => database.drop());

  it('is made once, also when several start at once, and opened again by the same master key only', async () => {
    expect(await database.query('SELECT domain FROM authorities')).toEqual([{ domain: DOMAIN }]);
    await open();
    expect(await database.db.asApi((tx) => findRootCertificate(tx, DOMAIN))).toBe(root);
    await expect(open(DOMAIN, new Uint8Array(32).fill(8))).rejects.toThrow();
  });

  it('rests sealed, bound to its domain, and the api cannot read it', async () => {
    const stored = await database.db.asSystem((tx) => findAuthority(tx, DOMAIN));
    const sealed = stored?.sealedKey ?? Buffer.alloc(0);
    expect(() => createPrivateKey({ key: sealed, format: 'der', type: 'pkcs8' })).toThrow();
    expect(() => unseal(masterKey, 'authority|other.test', sealed)).toThrow();
    const read = database.db.asApi((tx) => findAuthority(tx, DOMAIN));
    await expect(read).rejects.toMatchObject({ code: '42501' });
  });

  it('issues what a client that trusts the root takes for that name', async () => {
    const { request, key } = await requestOf(dns('*.towpath.test'));
    const chain = await authority.certify(request);
    expect(await verdict(chain, key, root, 'hello--acme.towpath.test')).toBe('');
    expect(await verdict(chain, key, root, 'a.b.towpath.test')).toContain('does not match');
    const leaf = new X509Certificate(chain);
    expect(leaf.ca).toBe(false);
    expect(leaf.validToDate.getTime()).toBeLessThanOrEqual(clock.now() + 3_600_000);
    const again = new X509Certificate(await authority.certify(request));
    expect(again.serialNumber).not.toBe(leaf.serialNumber);
  });

  it.each([
    ['no name', []],
    ['two names', dns('a.towpath.test', 'b.towpath.test')],
    ['a name of somebody else', dns('bank.example')],
    ['the domain itself', dns('towpath.test')],
    ['two labels', dns('a.b.towpath.test')],
    ['an address', [{ type: 'ip', value: '127.0.0.1' }] as JsonGeneralNames],
  ])('issues nothing for %s', async (_what, names) => {
    const { request } = await requestOf(names);
    await expect(authority.certify(request)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it.each([
    ['noise', () => 'noise'],
    ['a broken signature', (pem: string) => corrupted(pem)],
  ])('refuses %s', async (_what, change) => {
    const { request } = await requestOf(dns('a.towpath.test'));
    await expect(authority.certify(change(request))).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('refuses a key that is not P-256', async () => {
    const { request } = await requestOf(dns('a.towpath.test'), RSA);
    await expect(authority.certify(request)).rejects.toThrow('must have a P-256 key');
  });

  it('could vouch for nothing outside its domain, even with its key in foreign hands', async () => {
    const stored = await database.db.asSystem((tx) => findAuthority(tx, DOMAIN));
    const plain = new Uint8Array(
      unseal(masterKey, `authority|${DOMAIN}`, stored?.sealedKey ?? new Uint8Array()),
    );
    const rootKey = await crypto.subtle.importKey('pkcs8', plain, ALGORITHM, false, ['sign']);
    const keys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
    const key = PemConverter.encode(await crypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY');
    const parsed = new Parsed(root);
    const { publicKey } = new Parsed(await selfIssued(keys));
    const parts = {
      root: parsed,
      rootKey,
      publicKey,
      now: clock.now(),
      lifeMs: 60_000,
      usage: 'server' as const,
    };
    const foreign = await leafCertificate({ ...parts, name: 'bank.example' });
    expect(await verdict(foreign.toString('pem'), key, root, 'bank.example')).toMatch(/permitted subtree/);
    const own = await leafCertificate({ ...parts, name: 'a.towpath.test' });
    expect(await verdict(own.toString('pem'), key, root, 'a.towpath.test')).toBe('');
  });
});

async function selfIssued(keys: CryptoKeyPair): Promise<string> {
  const { X509CertificateGenerator } = await import('@peculiar/x509');
  const made = await X509CertificateGenerator.createSelfSigned({ keys, signingAlgorithm: ALGORITHM });
  return made.toString('pem');
}

/** The last byte of the signature changed. */
function corrupted(pem: string): string {
  const [bytes = new ArrayBuffer(0)] = PemConverter.decode(pem);
  const changed = new Uint8Array(bytes);
  changed[changed.length - 1] = (changed[changed.length - 1] ?? 0) ^ 1;
  return PemConverter.encode(changed, 'CERTIFICATE REQUEST');
}
