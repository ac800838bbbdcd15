import type { PeopleAnswer, PeopleRequest, PeopleVerb } from '#libs/bus';
import { SESSION, TowpathError, type Session } from '#libs/domain';
import { endSession, listSessions } from '#libs/store';
import { DeviceCommands } from './device.commands.js';
import { InvitationCommands } from './invitation.commands.js';
import { audit, type PeopleParts } from './people.parts.js';
import { SessionCommands } from './session.commands.js';
import { SignInCommands } from './sign-in.commands.js';

/** What identity does for every verb that the api may ask. */
export type PeopleCommands = {
  [V in PeopleVerb]: (asked: PeopleRequest<V>) => Promise<PeopleAnswer<V>>;
};

export function peopleCommands(parts: PeopleParts): PeopleCommands {
  const sessions = new SessionCommands(parts);
  const signIn = new SignInCommands(parts, sessions);
  const invitations = new InvitationCommands(parts, sessions, signIn);
  const devices = new DeviceCommands(parts, sessions);
  return {
    'sign-in': (asked) => signIn.signIn(asked),
    refresh: (asked) => sessions.refresh(asked),
    sessions: (asked) => sessionsOf(parts, asked),
    'end-session': (asked) => end(parts, asked),
    'change-password': (asked) => signIn.changePassword(asked),
    accept: (asked) => invitations.accept(asked),
    join: (asked) => invitations.join(asked),
    'start-device': (asked) => devices.start(asked),
    'poll-device': (asked) => devices.poll(asked),
    'show-device': (asked) => devices.show(asked),
    'decide-device': (asked) => devices.decide(asked),
  };
}

async function sessionsOf(
  { db, clock }: PeopleParts,
  { person }: PeopleRequest<'sessions'>,
): Promise<PeopleAnswer<'sessions'>> {
  const list = await db.asSystem((tx) => listSessions(tx, person.userId, SESSION.maximum, clock.now()));
  return { sessions: list.map(shown) };
}

async function end(
  parts: PeopleParts,
  { person, sessionId, by }: PeopleRequest<'end-session'>,
): Promise<PeopleAnswer<'end-session'>> {
  const { userId, organizationId } = person;
  return parts.db.asSystem(async (tx) => {
    const ended = { id: sessionId, userId, because: 'signed out' };
    const session = await endSession(tx, ended, parts.clock.now());
    if (!session) throw new TowpathError('NOT_FOUND', 'There is no such session of yours.');
    const row = { organizationId, actorId: userId, action: 'sessions.end', object: session.id };
    await audit(tx, parts, { ...row, by });
    return shown(session);
  });
}

function shown({ userId: _oneself, ...session }: Session): PeopleAnswer<'end-session'> {
  return session;
}
