import type { PeopleAnswer, PeopleRequest } from '#libs/bus';
import {
  DEVICE,
  TOKEN_BYTES,
  TowpathError,
  formatToken,
  isToken,
  judgePoll,
  newUserCode,
  readUserCode,
  type DeviceRequest,
} from '#libs/domain';
import {
  decideDeviceRequest,
  findDeviceRequest,
  findUserWithHash,
  holdDeviceRequest,
  insertDeviceRequest,
  notePoll,
  useDeviceRequest,
  type Tx,
} from '#libs/store';
import { tokenHash } from '../token.js';
import { audit, countUse, type PeopleParts } from './people.parts.js';
import type { OpenSession, SessionCommands } from './session.commands.js';

/** Sign-in of a device without a keyboard for passwords, by a person who is signed in elsewhere (RFC 8628). */
export class DeviceCommands {
  constructor(
    private readonly parts: PeopleParts,
    private readonly sessions: SessionCommands,
  ) {}

  async start({ by }: PeopleRequest<'start-device'>): Promise<PeopleAnswer<'start-device'>> {
    const { db, clock, random } = this.parts;
    await countUse(this.parts, 'device.address', by.address);
    const now = clock.now();
    const deviceCode = formatToken('device', random(TOKEN_BYTES));
    const userCode = newUserCode(random);
    const { address, client } = by;
    const expiresAt = now + DEVICE.lifeMs;
    const { intervalMs } = DEVICE;
    const request = { userCode, address, client, createdAt: now, expiresAt, intervalMs };
    await db.asSystem((tx) => insertDeviceRequest(tx, request, tokenHash(deviceCode)));
    return { deviceCode, userCode, expiresAt, intervalMs };
  }

  async poll({ deviceCode, by }: PeopleRequest<'poll-device'>): Promise<PeopleAnswer<'poll-device'>> {
    if (!isToken('device', deviceCode)) return { status: 'expired' };
    const hash = tokenHash(deviceCode);
    const answer = await this.parts.db.asSystem(async (tx) => {
      const request = await holdDeviceRequest(tx, hash);
      if (!request) return { status: 'expired' } as const;
      const status = judgePoll(request, this.parts.clock.now());
      if (status === 'approved') return { status, open: await this.hand(tx, hash, request, by.requestId) };
      if (status !== 'pending' && status !== 'slow_down') return { status };
      const intervalMs = request.intervalMs + (status === 'slow_down' ? DEVICE.intervalMs : 0);
      await notePoll(tx, hash, intervalMs, this.parts.clock.now());
      return { status, intervalMs };
    });
    if (!('open' in answer)) return answer;
    return { status: answer.status, signedIn: await this.sessions.answer(answer.open) };
  }

  /** What asks to be let in under this code: shown to the person before it decides. */
  async show(asked: PeopleRequest<'show-device'>): Promise<PeopleAnswer<'show-device'>> {
    const userCode = await this.typed(asked);
    const { db, clock } = this.parts;
    const request = await db.asSystem((tx) => findDeviceRequest(tx, userCode, clock.now()));
    if (!request) throw unknown();
    return shown(request);
  }

  /** The device acts as this person, in the organization the person acts in now. */
  async decide(asked: PeopleRequest<'decide-device'>): Promise<PeopleAnswer<'decide-device'>> {
    const userCode = await this.typed(asked);
    const { approve, by, person } = asked;
    const { userId, organizationId } = person;
    const status = approve ? ('approved' as const) : ('denied' as const);
    return this.parts.db.asSystem(async (tx) => {
      const decision = { status, by: userId, organizationId };
      const request = await decideDeviceRequest(tx, userCode, decision, this.parts.clock.now());
      if (!request) throw unknown();
      const { client, address } = request;
      await audit(tx, this.parts, {
        ...{ organizationId, actorId: userId, action: 'devices.decide', object: userId, by },
        after: { approve, client, address },
      });
      return shown(request);
    });
  }

  private async typed(asked: { userCode: string; person: { userId: string } }): Promise<string> {
    await countUse(this.parts, 'device.person', asked.person.userId);
    const userCode = readUserCode(asked.userCode);
    if (userCode === undefined) throw unknown();
    return userCode;
  }

  /** Gives the approval out, once. */
  private async hand(tx: Tx, hash: Buffer, request: DeviceRequest, requestId: string): Promise<OpenSession> {
    await useDeviceRequest(tx, hash);
    const user = await findUserWithHash(tx, request.approvedBy ?? '');
    if (!user) throw unknown();
    const { address, client, organizationId } = request;
    return this.sessions.open(tx, { user, organizationId, by: { requestId, address, client } });
  }
}

function shown(request: DeviceRequest): PeopleAnswer<'show-device'> {
  const { userCode, status, address, client, createdAt, expiresAt } = request;
  return { userCode, status, address, client, createdAt, expiresAt };
}

function unknown(): TowpathError {
  return new TowpathError('NOT_FOUND', 'No device waits under this code.', {
    nextStep: 'Check the code on the device; it is good for 10 minutes. Start the sign-in again there.',
  });
}
