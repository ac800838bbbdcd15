import { seededRandom } from '#libs/testing';
import { BoundedQueue } from './bounded.queue.js';
import { PasswordHasher } from './password.hasher.js';
import { formatPhc, parsePhc } from './phc.js';

describe('a password hash', () => {
  let count = 0;
  const hasher = new PasswordHasher(seededRandom(1), () => (count += 1));

  it('is argon2id with the costs of OWASP, salted, and verifies its password only', async () => {
    const [one, two] = [await hasher.hash('correct horse'), await hasher.hash('correct horse')];
    expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
    expect(one).not.toBe(two);
    expect(await hasher.verify('correct horse', one)).toBe(true);
    expect(await hasher.verify('correct hors', one)).toBe(false);
    expect(await hasher.verify('a\u0308', await hasher.hash('\u00e4'))).toBe(true);
  });

  it('is computed also for nobody', async () => {
    const before = count;
    expect(await hasher.verify('anything', undefined)).toBe(false);
    expect(count - before).toBe(1);
  });

  it('is verified with the costs it was made with, and known as outdated', async () => {
    // Made by the reference implementation: `echo -n password | argon2 somesalt -id -t 2 -k 65536 -p 1 -l 24`.
    const known = '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc';
    expect(await hasher.verify('password', known)).toBe(true);
    expect(hasher.isOutdated(known)).toBe(true);
    expect(hasher.isOutdated(await hasher.hash('x'))).toBe(false);
    expect(formatPhc(parsePhc(known))).toBe(known);
    for (const broken of ['', 'x', known.replace('argon2id', 'argon2i'), known.replace('v=19', 'v=16')]) {
      expect(() => parsePhc(broken)).toThrow('no known form');
    }
  });
});

describe('a bounded queue', () => {
  it('runs so many at once, lets so many wait, refuses the rest, and goes on after failures', async () => {
    const queue = new BoundedQueue(2, 3);
    let [running, most, ended] = [0, 0, 0];
    const gates: (() => void)[] = [];
    const work = (fail: boolean) => async (): Promise<string> => {
      running += 1;
      most = Math.max(most, running);
      await new Promise<void>((resolve) => gates.push(resolve));
      running -= 1;
      ended += 1;
      if (fail) throw new Error('planted');
      return 'done';
    };
    const all = [true, false, false, true, false, false].map((fail) =>
      queue.run(work(fail)).catch((error: Error) => error.message),
    );
    expect(await all[5]).toBe('Too many people sign in at this moment.');
    while (ended < 5) {
      gates.shift()?.();
      await Promise.resolve();
    }
    expect(await Promise.all(all.slice(0, 5))).toEqual(['planted', 'done', 'done', 'planted', 'done']);
    expect(most).toBe(2);
    const last = queue.run(() => Promise.resolve('free again'));
    expect(await last).toBe('free again');
  });
});
