import type { PeopleAnswer, PeopleRequest, SignedIn } from '#libs/bus';
import {
  TowpathError,
  isOpen,
  isToken,
  newId,
  passwordProblem,
  refuseIfAny,
  violationOf,
  type Invitation,
  type User,
} from '#libs/domain';
import {
  findInvitationByHash,
  findUserByEmail,
  findUserWithHash,
  insertMember,
  insertUser,
  membershipsOf,
  takeInvitation,
  type Tx,
} from '#libs/store';
import { tokenHash } from '../token.js';
import { audit, countUse, type AskedBy, type PeopleParts } from './people.parts.js';
import type { SessionCommands } from './session.commands.js';
import type { SignInCommands } from './sign-in.commands.js';

type Person = Pick<User, 'id' | 'email'>;

/** Lets people in by invitations. */
export class InvitationCommands {
  constructor(
    private readonly parts: PeopleParts,
    private readonly sessions: SessionCommands,
    private readonly signIn: SignInCommands,
  ) {}

  /** Who has no account yet gets one with this password; who has one proves it by its password. */
  async accept(asked: PeopleRequest<'accept'>): Promise<SignedIn> {
    const { db, hasher, clock, random } = this.parts;
    const { token, password, by } = asked;
    const invitation = await this.find(token, by);
    const known = await db.asSystem((tx) => findUserByEmail(tx, invitation.email));
    const proved = known && (await this.signIn.prove(invitation.email, password, by));
    if (!known) refuseIfAny(violationOf('password', passwordProblem(password, invitation.email)));
    const passwordHash = known ? known.passwordHash : await hasher.hash(password);
    const open = await db.asSystem(async (tx) => {
      const now = clock.now();
      const made = { id: newId('usr', now, random), email: invitation.email, passwordHash, createdAt: now };
      const user = proved ?? (await insertUser(tx, made));
      // Another invitation of the same person was accepted at this moment.
      if (!user) throw new TowpathError('VERSION_CONFLICT', 'This person was made meanwhile. Try again.');
      const { organizationId } = await this.admit(tx, token, user, by);
      return this.sessions.open(tx, { user, organizationId, by });
    });
    return this.sessions.answer(open);
  }

  /** A signed-in person becomes a member of one more organization. */
  async join(asked: PeopleRequest<'join'>): Promise<PeopleAnswer<'join'>> {
    const { token, person, by } = asked;
    const invitation = await this.find(token, by);
    return this.parts.db.asSystem(async (tx) => {
      const user = await findUserWithHash(tx, person.userId);
      if (user?.email !== invitation.email) {
        throw new TowpathError('PERMISSION_DENIED', 'The invitation is for another e-mail address.', {
          nextStep: 'Sign out and accept it as the person it is for.',
        });
      }
      const { organizationId } = await this.admit(tx, token, user, by);
      const at = (await membershipsOf(tx, user.id)).find((one) => one.organizationId === organizationId);
      if (!at) throw refused();
      return { organization: { id: at.organizationId, name: at.organizationName, role: at.role } };
    });
  }

  private async find(token: string, by: AskedBy): Promise<Invitation> {
    const { db, clock } = this.parts;
    await countUse(this.parts, 'password.address', by.address);
    if (!isToken('invitation', token)) throw refused();
    const invitation = await db.asSystem((tx) => findInvitationByHash(tx, tokenHash(token)));
    if (!invitation || !isOpen(invitation, clock.now())) throw refused();
    return invitation;
  }

  /** Takes the invitation and makes the member in one transaction; of many at once one gets it. */
  private async admit(tx: Tx, token: string, user: Person, by: AskedBy): Promise<Invitation> {
    const now = this.parts.clock.now();
    const taken = await takeInvitation(tx, tokenHash(token), user.id, now);
    if (!taken) throw refused();
    const { organizationId, role, platformOperator, id: object } = taken;
    const place = { organizationId, userId: user.id, role, platformOperator, createdAt: now };
    if (!(await insertMember(tx, place))) {
      throw new TowpathError('ALREADY_EXISTS', 'You are a member of this organization already.', {
        nextStep: 'Sign in. Ask an owner or admin if you need another role.',
      });
    }
    const row = { organizationId, actorId: user.id, action: 'invitations.accept', object };
    await audit(tx, this.parts, { ...row, by, after: { role } });
    return taken;
  }
}

function refused(): TowpathError {
  return new TowpathError(
    'UNAUTHENTICATED',
    'The invitation is unknown, was used or revoked, or is too old.',
    {
      nextStep: 'Ask for a new one.',
    },
  );
}
