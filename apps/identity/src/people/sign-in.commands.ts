import type { PeopleAnswer, PeopleRequest, SignedIn } from '#libs/bus';
import { TowpathError, normalEmail, passwordProblem, refuseIfAny, violationOf } from '#libs/domain';
import {
  clearRate,
  endOtherSessions,
  findUserByEmail,
  findUserWithHash,
  replacePasswordHash,
  type UserWithHash,
} from '#libs/store';
import { audit, countUse, type AskedBy, type PeopleParts } from './people.parts.js';
import type { SessionCommands } from './session.commands.js';

/** What proves a person by its password. */
export class SignInCommands {
  constructor(
    private readonly parts: PeopleParts,
    private readonly sessions: SessionCommands,
  ) {}

  async signIn(asked: PeopleRequest<'sign-in'>): Promise<SignedIn> {
    const { email, password, organizationId, by } = asked;
    const user = await this.prove(email, password, by);
    const open = await this.parts.db.asSystem(async (tx) => {
      // Between the look and this transaction the password may have been changed.
      const now = await findUserWithHash(tx, user.id);
      if (now?.passwordHash !== user.passwordHash) throw wrong();
      return this.sessions.open(tx, { user, organizationId, by });
    });
    return this.sessions.answer(open);
  }

  /**
   * Whose e-mail address and password these are. Unknown address and wrong password look the same, in words and work.
   * @throws TowpathError UNAUTHENTICATED, or RATE_LIMITED
   */
  async prove(email: string, password: string, by: AskedBy): Promise<UserWithHash> {
    const { db, hasher } = this.parts;
    const address = normalEmail(email);
    await countUse(this.parts, 'password.address', by.address);
    await countUse(this.parts, 'password.account', address);
    const user = await db.asSystem((tx) => findUserByEmail(tx, address));
    if (!(await hasher.verify(password, user?.passwordHash)) || !user) throw wrong();
    await db.asSystem((tx) => clearRate(tx, 'password.account', address));
    return this.renewed(user, password);
  }

  /** Ends every other session: who changes a password may do so because somebody else knows it. */
  async changePassword(asked: PeopleRequest<'change-password'>): Promise<PeopleAnswer<'change-password'>> {
    const { db, clock, hasher } = this.parts;
    const { person, current, password, by } = asked;
    const { userId, organizationId, sessionId } = person;
    const known = await db.asSystem((tx) => findUserWithHash(tx, userId));
    if (!known) throw wrong();
    const user = await this.prove(known.email, current, by);
    refuseIfAny(violationOf('password', passwordProblem(password, user.email)));
    const to = await hasher.hash(password);
    return db.asSystem(async (tx) => {
      const now = clock.now();
      if (!(await replacePasswordHash(tx, userId, { from: user.passwordHash, to }, now))) throw wrong();
      const others = { userId, but: sessionId, because: 'the password was changed' };
      const endedSessions = await endOtherSessions(tx, others, now);
      const row = { organizationId, actorId: userId, action: 'passwords.change', object: userId };
      await audit(tx, this.parts, { ...row, by, after: { endedSessions } });
      return { endedSessions };
    });
  }

  /** A hash made with former costs is made anew while the password is at hand. */
  private async renewed(user: UserWithHash, password: string): Promise<UserWithHash> {
    const { db, clock, hasher } = this.parts;
    if (!hasher.isOutdated(user.passwordHash)) return user;
    const to = await hasher.hash(password);
    const hashes = { from: user.passwordHash, to };
    const replaced = await db.asSystem((tx) => replacePasswordHash(tx, user.id, hashes, clock.now()));
    return replaced ? { ...user, passwordHash: to } : user;
  }
}

function wrong(): TowpathError {
  return new TowpathError('UNAUTHENTICATED', 'The e-mail address or the password is wrong.', {
    nextStep: 'Check both and try again.',
  });
}
