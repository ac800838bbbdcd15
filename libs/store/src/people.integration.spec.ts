import { createHash } from 'node:crypto';
import { RATES, type Id } from '#libs/domain';
import { testDatabase, type TestDatabase } from '#libs/testing';
import { insertInvitation, takeInvitation } from './invitation.store.js';
import { deleteMember, findMember, insertMember, holdOwners, membershipsOf } from './membership.store.js';
import { insertOrganization } from './organization.store.js';
import { clearRate, useRate } from './rate-limit.store.js';
import {
  endOtherSessions,
  holdRefresh,
  insertSession,
  listSessions,
  rotateRefresh,
} from './session.store.js';
import { statement } from './statement.js';
import { findUser, findUserByEmail, insertUser, replacePasswordHash } from './user.store.js';

const NOW = 1_700_000_000_000;
const ORG = 'org_00000000000000000000';
const OTHER = 'org_00000000000000000001';
const sha = (text: string): Buffer => createHash('sha256').update(text).digest();

let database: TestDatabase;
let ann: Id<'usr'>;
let bob: Id<'usr'>;

const user = async (email: string): Promise<Id<'usr'>> => {
  const id: Id<'usr'> = `usr_${sha(email).toString('hex').slice(0, 20)}`;
  await database.db.asSystem((tx) => insertUser(tx, { id, email, passwordHash: 'phc', createdAt: NOW }));
  return id;
};

beforeAll(async () => {
  database = await testDatabase();
  for (const id of [ORG, OTHER] as const) {
    await database.db.asSystem((tx) => insertOrganization(tx, { id, name: id, createdAt: NOW }));
  }
  [ann, bob] = [await user('ann@example.com'), await user('bob@example.com')];
  const place = { platformOperator: false, createdAt: NOW };
  await database.db.asSystem(async (tx) => {
    await insertMember(tx, { organizationId: ORG, userId: ann, role: 'owner', ...place });
    await insertMember(tx, { organizationId: OTHER, userId: bob, role: 'owner', ...place });
  });
});
afterAll(() => database.drop());

describe("what the api's role sees of people", () => {
  it('is the members of the bound organization, never a password, a session or a rate', async () => {
    const { db } = database;
    expect(await db.inTenant(ORG, (tx) => findUser(tx, ann))).toMatchObject({ email: 'ann@example.com' });
    expect(await db.inTenant(ORG, (tx) => findUser(tx, bob))).toBeUndefined();
    expect(await db.asApi((tx) => findUser(tx, ann))).toBeUndefined();
    expect(await db.inTenant(ORG, (tx) => findMember(tx, OTHER, bob))).toBeUndefined();
    const hidden = ['users', 'sessions', 'refresh_tokens', 'device_requests', 'rate_limits'];
    for (const table of hidden) {
      const all = statement<unknown>(`spec_people_${table}`, `SELECT * FROM ${table}`);
      await expect(db.inTenant(ORG, (tx) => tx.run(all))).rejects.toMatchObject({ code: '42501' });
    }
  });

  it('is one person an address, however many come at once', async () => {
    const made = await Promise.all(
      Array.from({ length: 5 }, (_, n) =>
        database.db.asSystem((tx) =>
          insertUser(tx, {
            id: `usr_race0000000000000000${n}`,
            email: 'race@example.com',
            passwordHash: 'x',
            createdAt: NOW,
          }),
        ),
      ),
    );
    expect(made.filter(Boolean)).toHaveLength(1);
    const found = await database.db.asSystem((tx) => findUserByEmail(tx, 'race@example.com'));
    const hashes = { from: 'x', to: 'y' };
    const replaced = await Promise.all(
      [1, 2].map(() => database.db.asSystem((tx) => replacePasswordHash(tx, found?.id ?? '', hashes, NOW))),
    );
    expect(replaced.sort()).toEqual([false, true]);
  });
});

it('of many who accept an invitation at once, one gets it', async () => {
  const hash = sha('invitation');
  await database.db.inTenant(ORG, (tx) =>
    insertInvitation(
      tx,
      {
        id: 'inv_00000000000000000000',
        organizationId: ORG,
        email: 'c@example.com',
        role: 'viewer',
        platformOperator: false,
        createdBy: ann,
        createdAt: NOW,
        expiresAt: NOW + 10,
      },
      hash,
    ),
  );
  const late = await database.db.asSystem((tx) => takeInvitation(tx, hash, bob, NOW + 10));
  expect(late).toBeUndefined();
  const taken = await Promise.all(
    Array.from({ length: 5 }, () => database.db.asSystem((tx) => takeInvitation(tx, hash, bob, NOW))),
  );
  expect(taken.filter(Boolean)).toHaveLength(1);
});

it('of two owners who leave at once, one stays', async () => {
  const carl = await user('carl@example.com');
  await database.db.asSystem((tx) =>
    insertMember(tx, {
      organizationId: ORG,
      userId: carl,
      role: 'owner',
      platformOperator: false,
      createdAt: NOW,
    }),
  );
  const leave = (who: string): Promise<boolean> =>
    database.db.inTenant(ORG, async (tx) => {
      const owners = await holdOwners(tx, ORG);
      if (owners.length === 1) return false;
      await deleteMember(tx, ORG, who);
      return true;
    });
  expect((await Promise.all([leave(ann), leave(carl)])).sort()).toEqual([false, true]);
  const memberships = await database.db.asSystem((tx) =>
    Promise.all([membershipsOf(tx, ann), membershipsOf(tx, carl)]),
  );
  expect(memberships.flat()).toHaveLength(1);
});

it('a rate is shared by all who count at once, and begins anew when cleared', async () => {
  const once = (): Promise<boolean> =>
    database.db.asSystem(async (tx) => (await useRate(tx, 'password.account', 'ann', NOW)).allowed);
  const verdicts = await Promise.all(Array.from({ length: 15 }, once));
  expect(verdicts.filter(Boolean)).toHaveLength(RATES['password.account'].burst);
  await database.db.asSystem((tx) => clearRate(tx, 'password.account', 'ann'));
  expect(await once()).toBe(true);
});

it('of many refreshes at once the first spends the token, and the others see it', async () => {
  const session = (id: Id<'ses'>): Parameters<typeof insertSession>[1] => ({
    id,
    userId: bob,
    organizationId: OTHER,
    address: '127.0.0.1',
    client: 'spec',
    createdAt: NOW,
    expiresAt: NOW + 1_000,
  });
  const refresh = (name: string) => ({ hash: sha(name), createdAt: NOW, expiresAt: NOW + 500 });
  await database.db.asSystem((tx) => insertSession(tx, session('ses_0'), refresh('r0'), 2));
  const outcomes = await Promise.all(
    Array.from({ length: 10 }, (_, n) =>
      database.db.asSystem(async (tx) => {
        const held = await holdRefresh(tx, sha('r0'));
        if (held?.spentAt !== undefined) return 'spent';
        const spent = { hash: sha('r0'), sessionId: 'ses_0', organizationId: OTHER };
        await rotateRefresh(tx, spent, { ...refresh(`r1-${n}`), salt: sha('salt') }, NOW + 1);
        return 'rotated';
      }),
    ),
  );
  expect(outcomes.filter((outcome) => outcome === 'rotated')).toHaveLength(1);
  expect(await database.db.asSystem((tx) => holdRefresh(tx, sha('nothing')))).toBeUndefined();

  await database.db.asSystem((tx) => insertSession(tx, session('ses_1'), refresh('r2'), 2));
  await database.db.asSystem((tx) => insertSession(tx, session('ses_2'), refresh('r3'), 2));
  const live = await database.db.asSystem((tx) => listSessions(tx, bob, 10, NOW + 2));
  expect(live).toHaveLength(2);
  const ended = await database.db.asSystem((tx) =>
    endOtherSessions(tx, { userId: bob, but: 'ses_2', because: 'spec' }, NOW + 2),
  );
  expect(ended).toBe(1);
});
