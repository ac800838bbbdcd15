import fc from 'fast-check';
import type { Actor } from './access.types.js';
import { DEVICE, judgePoll, newUserCode, readUserCode } from './device.rules.js';
import { emailProblem, normalEmail } from './email.js';
import { chooseOrganization, isLastOwner, isOpen, mayManage } from './member.rules.js';
import { passwordProblem } from './password.js';
import type { DeviceRequest } from './people.types.js';
import { RATES, judgeRate, type Rate } from './rate.rules.js';
import { SESSION, judgeRefresh, type ShownRefresh } from './session.rules.js';
import { TOKEN_BYTES, formatToken, isToken } from './token-text.js';

describe('an e-mail address', () => {
  it.each([
    ['ann@example.com', true],
    [' Ann@Example.COM ', true],
    ['ann+towpath@localhost', true],
    ['Änne@bücher.example', true],
    ['ann', false],
    ['@example.com', false],
    ['ann@', false],
    ['ann@a..b', false],
    ['ann@b@c', false],
    ['ann smith@example.com', false],
    ['"ann"@example.com', false],
    [`ann@${'a'.repeat(64)}.com`, false],
    [`${'a'.repeat(65)}@example.com`, false],
    ['a\nb@example.com', false],
  ])('%j: %s', (text, good) => {
    expect(emailProblem(text) === undefined).toBe(good);
  });

  it('has one spelling', () => {
    expect(normalEmail(' Ann@Example.COM ')).toBe('ann@example.com');
    expect(normalEmail('a\u0308@x')).toBe(normalEmail('\u00e4@x'));
    fc.assert(fc.property(fc.string(), (text) => normalEmail(normalEmail(text)) === normalEmail(text)));
  });
});

it.each([
  ['correct horse battery', true],
  ['ännes längstes Wort', true],
  ['short', false],
  ['x'.repeat(129), false],
  ['aaaaaaaaaaaa', false],
  ['ababababcdcd', false],
  ['ann@example.com', false],
  ['my ann@example.com!', false],
  ['ann@example.', false],
])('the password %j is good: %s', (password, good) => {
  expect(passwordProblem(password, 'Ann@example.com') === undefined).toBe(good);
});

describe('a rate', () => {
  const rate: Rate = { burst: 3, everyMs: 1_000 };
  /** Uses at these times; which were allowed. */
  const uses = (times: number[]): boolean[] => {
    let emptyAt = 0;
    return times.map((now) => {
      const verdict = judgeRate(rate, emptyAt, now);
      if (verdict.allowed) emptyAt = verdict.emptyAt;
      return verdict.allowed;
    });
  };

  it.each<[string, number[], boolean[]]>([
    ['lets a burst through and no more', [0, 0, 0, 0], [true, true, true, false]],
    ['gives one back a second', [0, 0, 0, 999, 1_000, 1_000], [true, true, true, false, true, false]],
    [
      'begins anew after a rest',
      [0, 0, 0, 9_000, 9_000, 9_000, 9_000],
      [true, true, true, true, true, true, false],
    ],
    ['asks no more of a steady client', [0, 1_000, 2_000, 3_000, 4_000], [true, true, true, true, true]],
  ])('%s', (_what, times, allowed) => {
    expect(uses(times)).toEqual(allowed);
  });

  it('says exactly when the next use is allowed, and never lets more through than it says', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(2_000), { maxLength: 60 }), (gaps) => {
        let [emptyAt, now, allowed] = [0, 0, 0];
        for (const gap of gaps) {
          now += gap;
          const verdict = judgeRate(rate, emptyAt, now);
          if (verdict.allowed) {
            emptyAt = verdict.emptyAt;
            allowed += 1;
          } else {
            expect(judgeRate(rate, emptyAt, now + verdict.retryAfterMs).allowed).toBe(true);
            expect(judgeRate(rate, emptyAt, now + verdict.retryAfterMs - 1).allowed).toBe(false);
          }
        }
        expect(allowed).toBeLessThanOrEqual(rate.burst + now / rate.everyMs);
      }),
    );
  });

  it('keeps guessing one password of a known person slow', () => {
    const aDay = 24 * 3_600_000;
    const { burst, everyMs } = RATES['password.account'];
    expect(burst + aDay / everyMs).toBeLessThan(2_000);
  });
});

describe('a shown refresh token', () => {
  const NOW = 1_000_000;
  const fresh: ShownRefresh = {
    expiresAt: NOW + 1,
    successorSpent: false,
    session: { expiresAt: NOW + 1 },
  };
  it.each<[string, Partial<ShownRefresh>, ReturnType<typeof judgeRefresh>]>([
    ['rotates when fresh', {}, 'rotate'],
    ['is over when too old', { expiresAt: NOW }, 'over'],
    ['is over with its session', { session: { expiresAt: NOW } }, 'over'],
    ['is over when the session was ended', { session: { expiresAt: NOW + 1, endedAt: NOW } }, 'over'],
    ['is replayed when just spent', { spentAt: NOW - SESSION.replayMs + 1 }, 'replay'],
    ['betrays a thief when spent longer ago', { spentAt: NOW - SESSION.replayMs }, 'reuse'],
    ['betrays a thief when its successor was spent too', { spentAt: NOW - 1, successorSpent: true }, 'reuse'],
    ['betrays nobody in a session that is over', { spentAt: 0, session: { expiresAt: NOW } }, 'over'],
    ['betrays a thief also when it would be too old', { spentAt: 1, expiresAt: NOW }, 'reuse'],
  ])('%s', (_what, more, verdict) => {
    expect(judgeRefresh({ ...fresh, ...more }, NOW)).toBe(verdict);
  });
});

describe('a device code', () => {
  const NOW = 1_000_000;
  const request: DeviceRequest = {
    userCode: 'BCDF-GHJK',
    status: 'pending',
    address: '::1',
    client: 'tow',
    createdAt: 0,
    expiresAt: NOW + 1,
    intervalMs: DEVICE.intervalMs,
  };
  it.each<[string, Partial<DeviceRequest>, ReturnType<typeof judgePoll>]>([
    ['waits at first', {}, 'pending'],
    ['waits after its interval', { lastPolledAt: NOW - DEVICE.intervalMs }, 'pending'],
    ['is told to slow down', { lastPolledAt: NOW - 1_000 }, 'slow_down'],
    ['is too old', { expiresAt: NOW }, 'expired'],
    ['is too old although approved', { status: 'approved', expiresAt: NOW }, 'expired'],
    ['is given out once', { status: 'used' }, 'expired'],
    ['is denied', { status: 'denied', lastPolledAt: NOW }, 'denied'],
    ['is approved, also for a hasty device', { status: 'approved', lastPolledAt: NOW }, 'approved'],
  ])('%s', (_what, more, answer) => {
    expect(judgePoll({ ...request, ...more }, NOW)).toBe(answer);
  });

  it('is read however it is typed, and nothing else is', () => {
    fc.assert(
      fc.property(fc.infiniteStream(fc.nat(255)), fc.string(), (stream, noise) => {
        const code = newUserCode((length) => Uint8Array.from([...stream.take(length)]));
        expect(code).toMatch(/^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/);
        expect(readUserCode(` ${code.toLowerCase().replace('-', ' ')} `)).toBe(code);
        expect(readUserCode(noise) === undefined || readUserCode(noise)?.length === 9).toBe(true);
      }),
    );
    for (const typed of ['', 'BCDF-GHJ', 'BCDF-GHJKL', 'AEIO-UAEI', 'BCDF_GHJK']) {
      expect(readUserCode(typed)).toBeUndefined();
    }
  });
});

describe('members', () => {
  const actor = (role: Actor['role'], platformOperator = false): Actor => ({
    id: 'usr_0',
    organizationId: 'org_0',
    role,
    platformOperator,
  });

  it('are managed by who could give the same', () => {
    expect(mayManage(actor('owner'), { role: 'owner', platformOperator: false })).toBe(true);
    expect(mayManage(actor('admin'), { role: 'owner', platformOperator: false })).toBe(false);
    expect(mayManage(actor('admin'), { role: 'admin', platformOperator: false })).toBe(true);
    expect(mayManage(actor('owner'), { role: 'viewer', platformOperator: true })).toBe(false);
    expect(mayManage(actor('owner', true), { role: 'owner', platformOperator: true })).toBe(true);
  });

  it('keep one owner', () => {
    expect(isLastOwner(['usr_a'], 'usr_a')).toBe(true);
    expect(isLastOwner(['usr_a', 'usr_b'], 'usr_a')).toBe(false);
    expect(isLastOwner(['usr_b'], 'usr_a')).toBe(false);
  });

  it('act in the organization they name, used last, or joined first', () => {
    const [a, b] = [
      { organizationId: 'org_a', createdAt: 2 },
      { organizationId: 'org_b', createdAt: 1 },
    ];
    expect(chooseOrganization([a, b], 'org_a', 'org_b')).toBe(a);
    expect(chooseOrganization([a, b], 'org_c', 'org_b')).toBeUndefined();
    expect(chooseOrganization([a, b], undefined, 'org_a')).toBe(a);
    expect(chooseOrganization([a, b], undefined, 'org_gone')).toBe(b);
    expect(chooseOrganization([], undefined, undefined)).toBeUndefined();
  });
});

it('an invitation is open until it is accepted, revoked or too old', () => {
  expect(isOpen({ expiresAt: 2 }, 1)).toBe(true);
  expect(isOpen({ expiresAt: 1 }, 1)).toBe(false);
  expect(isOpen({ expiresAt: 2, acceptedAt: 1 }, 1)).toBe(false);
  expect(isOpen({ expiresAt: 2, revokedAt: 1 }, 1)).toBe(false);
});

it('a secret of one kind is none of another', () => {
  const text = formatToken('invitation', new Uint8Array(TOKEN_BYTES));
  expect(text).toMatch(/^towi_[0-9A-Za-z]{49}$/);
  expect(isToken('invitation', text)).toBe(true);
  expect(isToken('key', text)).toBe(false);
  expect(isToken('invitation', text.replace('towi_', 'tows_'))).toBe(false);
  expect(isToken('refresh', text.replace('towi_', 'tows_'))).toBe(false);
});
