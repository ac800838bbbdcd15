import { createHmac } from 'node:crypto';
import type { SignedIn } from '#libs/bus';
import {
  SESSION,
  TOKEN_BYTES,
  TowpathError,
  chooseOrganization,
  formatToken,
  isToken,
  judgeRefresh,
  newId,
  type Id,
  type User,
} from '#libs/domain';
import {
  endSession,
  findUserWithHash,
  holdRefresh,
  insertSession,
  lastOrganizationOf,
  membershipsOf,
  rotateRefresh,
  type HeldRefresh,
  type OwnMembership,
  type StoredRefresh,
  type Tx,
} from '#libs/store';
import { tokenHash } from '../token.js';
import { audit, type AskedBy, type PeopleParts } from './people.parts.js';

/** A session that goes on: what its next answer is made of. */
export interface OpenSession {
  sessionId: Id<'ses'>;
  user: Pick<User, 'id' | 'email'>;
  at: OwnMembership;
  all: OwnMembership[];
  refreshToken: string;
  refreshExpiresAt: number;
}

/** Opens sessions, and rotates their refresh tokens. */
export class SessionCommands {
  constructor(private readonly parts: PeopleParts) {}

  /**
   * A new session of a person who has just proved to be that person.
   * @throws TowpathError PERMISSION_DENIED when it is no member of the named organization, or of any
   */
  async open(
    tx: Tx,
    asked: { user: Pick<User, 'id' | 'email'>; organizationId?: string | undefined; by: AskedBy },
  ): Promise<OpenSession> {
    const { clock, random } = this.parts;
    const now = clock.now();
    const { user, by } = asked;
    const all = await membershipsOf(tx, user.id);
    const at = chooseOrganization(all, asked.organizationId, await lastOrganizationOf(tx, user.id));
    if (!at) throw noMember();
    const sessionId = newId('ses', now, random);
    const refreshToken = formatToken('refresh', random(TOKEN_BYTES));
    const refresh = storedRefresh(refreshToken, now, now + SESSION.absoluteMs);
    const { address, client } = by;
    const expiresAt = now + SESSION.absoluteMs;
    const { organizationId } = at;
    const session = { id: sessionId, userId: user.id, organizationId, address, client };
    await insertSession(tx, { ...session, createdAt: now, expiresAt }, refresh, SESSION.maximum);
    await audit(tx, this.parts, {
      ...{ organizationId, actorId: user.id, action: 'sessions.create', object: sessionId, by },
      after: { client },
    });
    return { sessionId, user, at, all, refreshToken, refreshExpiresAt: refresh.expiresAt };
  }

  /**
   * The next tokens of a session, in another organization when one is named.
   * @throws TowpathError UNAUTHENTICATED when the token is unknown, too old or was spent; a spent one ends the session
   */
  async refresh(asked: {
    refreshToken: string;
    organizationId?: string | undefined;
    by: AskedBy;
  }): Promise<SignedIn> {
    const { db } = this.parts;
    if (!isToken('refresh', asked.refreshToken)) throw signInAgain();
    const open = await db.asSystem((tx) => this.next(tx, asked));
    // Refused outside of the transaction: that a session was ended must not be rolled back.
    if (!open) throw signInAgain();
    return this.answer(open);
  }

  /** Tokens and all a client needs to know of a session. */
  async answer(open: OpenSession): Promise<SignedIn> {
    const { user, at, sessionId, refreshToken, refreshExpiresAt } = open;
    const claims = { sub: user.id, org: at.organizationId, sid: sessionId };
    const accessExpiresAt = this.parts.clock.now() + SESSION.accessMs;
    const accessToken = await this.parts.sign(claims, SESSION.accessMs / 1000);
    return {
      ...{ accessToken, accessExpiresAt, refreshToken, refreshExpiresAt, sessionId },
      user: { id: user.id, email: user.email },
      organization: shown(at),
      organizations: open.all.map(shown),
    };
  }

  private async next(
    tx: Tx,
    asked: { refreshToken: string; organizationId?: string | undefined; by: AskedBy },
  ): Promise<OpenSession | undefined> {
    const hash = tokenHash(asked.refreshToken);
    const held = await holdRefresh(tx, hash);
    if (!held) return undefined;
    switch (judgeRefresh(held, this.parts.clock.now())) {
      case 'rotate':
        return this.rotate(tx, asked, hash, held);
      case 'replay':
        return this.replay(tx, asked.refreshToken, held);
      case 'reuse':
        await this.endStolen(tx, held, asked.by);
        return undefined;
      case 'over':
        return undefined;
    }
  }

  private async rotate(
    tx: Tx,
    asked: { refreshToken: string; organizationId?: string | undefined; by: AskedBy },
    hash: Buffer,
    held: HeldRefresh,
  ): Promise<OpenSession> {
    const now = this.parts.clock.now();
    const place = await this.placeOf(tx, held, asked.organizationId ?? held.organizationId);
    const salt = this.parts.random(TOKEN_BYTES);
    const refreshToken = successorOf(asked.refreshToken, salt);
    const refresh = storedRefresh(refreshToken, now, held.session.expiresAt);
    const { organizationId } = place.at;
    const spent = { hash, sessionId: held.sessionId, organizationId };
    await rotateRefresh(tx, spent, { ...refresh, salt }, now);
    if (organizationId !== held.organizationId) {
      const { sessionId: object, userId: actorId } = held;
      const action = 'sessions.switch';
      await audit(tx, this.parts, { organizationId, actorId, action, object, by: asked.by });
    }
    return { ...place, sessionId: held.sessionId, refreshToken, refreshExpiresAt: refresh.expiresAt };
  }

  /** The same successor again, made from the spent token and what is stored beside it. */
  private async replay(tx: Tx, spentToken: string, held: HeldRefresh): Promise<OpenSession> {
    const place = await this.placeOf(tx, held, held.organizationId);
    const refreshToken = successorOf(spentToken, held.successorSalt ?? Buffer.alloc(0));
    const made = storedRefresh(refreshToken, held.spentAt ?? 0, held.session.expiresAt);
    return { ...place, sessionId: held.sessionId, refreshToken, refreshExpiresAt: made.expiresAt };
  }

  private async placeOf(
    tx: Tx,
    held: HeldRefresh,
    organizationId: string,
  ): Promise<Pick<OpenSession, 'user' | 'at' | 'all'>> {
    const user = await findUserWithHash(tx, held.userId);
    const all = await membershipsOf(tx, held.userId);
    const at = all.find((one) => one.organizationId === organizationId);
    if (!user || !at) throw noMember();
    return { user, at, all };
  }

  private async endStolen(tx: Tx, held: HeldRefresh, by: AskedBy): Promise<void> {
    const { sessionId, userId, organizationId } = held;
    await endSession(
      tx,
      { id: sessionId, userId, because: 'a spent refresh token was shown' },
      this.parts.clock.now(),
    );
    await audit(tx, this.parts, {
      ...{ organizationId, actorId: userId, action: 'sessions.reuse', object: sessionId, by },
      after: { client: by.client },
    });
  }
}

/** Neither what is stored nor the spent token alone makes the successor. */
function successorOf(spentToken: string, salt: Uint8Array): string {
  return formatToken('refresh', createHmac('sha256', spentToken).update('successor|').update(salt).digest());
}

function storedRefresh(token: string, now: number, sessionEnds: number): StoredRefresh {
  return { hash: tokenHash(token), createdAt: now, expiresAt: Math.min(now + SESSION.idleMs, sessionEnds) };
}

function shown({ organizationId, organizationName, role }: OwnMembership): SignedIn['organization'] {
  return { id: organizationId, name: organizationName, role };
}

function noMember(): TowpathError {
  return new TowpathError('PERMISSION_DENIED', 'You are no member of this organization.', {
    nextStep: 'Ask an owner or admin for an invitation, or sign in to another organization.',
  });
}

function signInAgain(): TowpathError {
  return new TowpathError('UNAUTHENTICATED', 'The session is over.', { nextStep: 'Sign in again.' });
}
