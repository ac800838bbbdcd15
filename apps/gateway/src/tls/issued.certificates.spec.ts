import { readdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createLogger } from '#libs/process';
import { TestAuthority, SteppedClock, temporaryFolder } from '#libs/testing';
import { certificateFor } from '../testing/certificates.rig.js';
import { CertificateFiles } from './certificate.files.js';
import { readCertificate } from './certificate.js';
import type { Certificate } from './certificate.js';
import { IssuedCertificates } from './issued.certificates.js';

const HOUR = 3_600_000;

describe('the certificates a gateway was issued', () => {
  const folder = temporaryFolder();
  const clock = new SteppedClock(Date.now());
  const hosts = new Set<string>();
  const forgotten = new Set<string>();
  let authority: TestAuthority;
  let certificates: IssuedCertificates;
  let changes = 0;
  let failing = '';

  const open = (domain = 'x.test'): IssuedCertificates =>
    new IssuedCertificates({
      domain,
      hosts: () => hosts,
      isHost: (name) => hosts.has(name),
      isKnown: (name) => !forgotten.has(name),
      files: new CertificateFiles(folder.path),
      issue: async (name) => {
        if (name === failing) throw new Error('refused');
        return certificateFor(authority, name);
      },
      changed: () => (changes += 1),
      clock,
      logger: createLogger('spec', 'silent'),
    });
  const found = (host: string): Certificate => certificates.find(host) as Certificate;

  beforeAll(async () => {
    authority = await TestAuthority.make();
    authority.lifeMs = HOUR;
  });
  beforeEach(() => {
    hosts.clear();
    failing = '';
    certificates = open();
  });
  afterAll(() => folder.remove());

  it('asks for one wildcard for all hosts of the domain, and keeps it for its owner only', async () => {
    expect(certificates.find('a--p.x.test')).toBeUndefined();
    hosts.add('a--p.x.test').add('b--p.x.test');
    expect(certificates.find('a--p.x.test')).toBe('coming');
    await certificates.renewDue();
    expect(authority.asked).toEqual(['*.x.test']);
    expect(found('a--p.x.test').serial).toBe(found('B--p.x.test').serial);
    const [file = ''] = readdirSync(path.join(folder.path, 'certificates'));
    expect(statSync(path.join(folder.path, 'certificates', file)).mode & 0o777).toBe(0o600);
  });

  it('finds it again on disk, and passes over a file that cannot be read', async () => {
    writeFileSync(path.join(folder.path, 'certificates', 'torn.json'), '{"chain":');
    hosts.add('a--p.x.test');
    const before = authority.asked.length;
    await certificates.renewDue();
    expect(found('a--p.x.test').names).toEqual(['*.x.test']);
    expect(authority.asked.length).toBe(before);
  });

  it('renews after half of its life, and tells', async () => {
    hosts.add('a--p.x.test');
    const { serial } = found('a--p.x.test');
    clock.step(HOUR / 2 - 60_000);
    await certificates.renewDue();
    expect(found('a--p.x.test').serial).toBe(serial);
    clock.step(120_000);
    const before = changes;
    await open().renewDue();
    expect(changes).toBe(before + 1);
    certificates = open();
    expect(found('a--p.x.test').serial).not.toBe(serial);
  });

  it('gets the others when one is refused, and tries that one again', async () => {
    certificates = open('localhost');
    for (const host of ['a.localhost', 'b.localhost', 'c.localhost']) hosts.add(host);
    failing = 'b.localhost';
    await expect(certificates.renewDue()).rejects.toThrow('1 certificates were not issued');
    expect(found('c.localhost').names).toEqual(['c.localhost']);
    expect(certificates.find('b.localhost')).toBe('coming');
    failing = '';
    await certificates.renewDue();
    expect(found('b.localhost').names).toEqual(['b.localhost']);
  });

  it('keeps one whose host has no route now, until nobody knows the host any more', async () => {
    certificates = open('localhost');
    hosts.add('went.localhost').add('stays.localhost');
    await certificates.renewDue();
    hosts.clear();
    await certificates.renewDue();
    const kept = (): string[] => readdirSync(path.join(folder.path, 'certificates'));
    expect(kept()).toEqual(expect.arrayContaining(['stays.localhost.json', 'went.localhost.json']));
    forgotten.add('went.localhost');
    await certificates.renewDue();
    expect(kept()).toContain('stays.localhost.json');
    expect(kept()).not.toContain('went.localhost.json');
    expect(certificates.find('went.localhost')).toBeUndefined();
  });

  it('serves no certificate that has ended, and forgets one that nobody wants', async () => {
    certificates = open('localhost');
    hosts.add('a.localhost');
    await certificates.renewDue();
    clock.step(2 * HOUR);
    expect(certificates.find('a.localhost')).toBe('coming');
    hosts.clear();
    await open('localhost').renewDue();
    const kept = readdirSync(path.join(folder.path, 'certificates'));
    expect(kept.filter((name) => name !== 'torn.json')).toEqual([]);
  });
});

describe('a certificate that is read', () => {
  type Files = (one: Certificate, other: Certificate) => [string, string];

  it.each<[string, Files]>([
    ['the certificate is not valid PEM', ({ key }) => ['noise', key]],
    ['the private key is not valid PEM', ({ chain }) => [chain, 'noise']],
    ['the private key does not belong to the certificate', ({ chain }, { key }) => [chain, key]],
  ])('is refused: %s', async (problem, files) => {
    const authority = await TestAuthority.make();
    const pair = await Promise.all([
      certificateFor(authority, 'a.x.test'),
      certificateFor(authority, 'b.x.test'),
    ]);
    expect(() => readCertificate(...files(...pair))).toThrow(problem);
  });
});
