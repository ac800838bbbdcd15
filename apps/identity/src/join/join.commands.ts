import {
  agentPermissions,
  ensureClusterTopology,
  ensureGatewayTopology,
  gatewayPermissions,
  type Bus,
} from '#libs/bus';
import {
  JOIN_TOKEN_BYTES,
  TowpathError,
  formatJoinToken,
  isJoinToken,
  newId,
  type Clock,
  type Id,
  type Random,
} from '#libs/domain';
import { crashPoint } from '#libs/process';
import {
  findCluster,
  findGateway,
  findJoinToken,
  findRenewalToken,
  insertGateway,
  joinCluster,
  saveRenewalToken,
  takeJoinToken,
  writeOutbox,
  type Database,
  type JoinClaim,
  type TakenJoinToken,
  type Tx,
} from '#libs/store';
import { tokenHash } from '../token.js';
import type { CredentialSigner, Credentials } from './credentials.js';
import type { JoinRequest } from './join.schema.js';

/** Who joined. */
export type Member = { region: string } & (
  { kind: 'agent'; id: Id<'cls'> } | { kind: 'gateway'; id: Id<'gw'> }
);

export type JoinAnswer = Member & Credentials & { natsUrl: string; renewalToken: string };

export interface JoinParts {
  db: Database;
  bus: Bus;
  clock: Clock;
  random: Random;
  signer: CredentialSigner;
  /** Where agents and gateways find NATS. */
  natsUrl: string;
}

/** Lets agents and gateways in by one-time tokens, and renews their short-lived credentials. */
export class JoinCommands {
  constructor(private readonly parts: JoinParts) {}

  /**
   * The token is taken in the same transaction that lets the member in, and only when everything it needs is there: a
   * failure on the way leaves the token unused. Whoever asks again with the same token and nonce is the same member.
   * @throws TowpathError UNAUTHENTICATED for a token that is unknown, too old, or used by another joiner
   */
  async join(request: JoinRequest): Promise<JoinAnswer> {
    const { db, clock, random, natsUrl } = this.parts;
    const now = clock.now();
    const renewalToken = formatJoinToken(random(JOIN_TOKEN_BYTES), 'towr_');
    const answer = await db.asSystem(async (tx) => {
      const taken = isJoinToken(request.token)
        ? await takeJoinToken(tx, this.claimOf(request, now), now)
        : undefined;
      if (!taken) throw refused(await whyNot(tx, request.token, now), 'Make a new join token.');
      const member = await this.admit(tx, taken, request, now);
      await saveRenewalToken(tx, member, tokenHash(renewalToken), now);
      const credentials = await this.equip(member, now);
      crashPoint('identity.admitted');
      return { ...member, ...credentials, natsUrl, renewalToken };
    });
    crashPoint('identity.committed');
    await db.notify('outbox');
    return answer;
  }

  /** @throws TowpathError UNAUTHENTICATED for a renewal token that is unknown or was replaced by another join */
  async renew(renewalToken: string): Promise<Credentials & { natsUrl: string }> {
    const { clock, natsUrl } = this.parts;
    return { ...(await this.equip(await this.memberOf(renewalToken), clock.now())), natsUrl };
  }

  /** @throws TowpathError UNAUTHENTICATED for a renewal token that is unknown or was replaced by another join */
  async memberOf(renewalToken: string): Promise<Member> {
    const { db } = this.parts;
    const found = isJoinToken(renewalToken, 'towr_')
      ? await db.asSystem(async (tx) => memberOf(tx, await findRenewalToken(tx, tokenHash(renewalToken))))
      : undefined;
    if (!found) throw refused('The renewal token is unknown.', 'Join again with a new join token.');
    return found;
  }

  private claimOf({ token, nonce }: JoinRequest, now: number): JoinClaim {
    const newGateway = newId('gw', now, this.parts.random);
    const nonceHash = nonce === undefined ? undefined : tokenHash(nonce);
    return { hash: tokenHash(token), nonceHash, newId: newGateway };
  }

  private admit(tx: Tx, taken: TakenJoinToken, request: JoinRequest, now: number): Promise<Member> {
    return taken.kind === 'agent'
      ? this.admitAgent(tx, taken, request, now)
      : this.admitGateway(tx, taken, now);
  }

  private async admitAgent(
    tx: Tx,
    taken: TakenJoinToken,
    { publicKey, cluster: meant }: JoinRequest,
    now: number,
  ): Promise<Member> {
    if (!publicKey) {
      throw new TowpathError('INVALID_ARGUMENT', 'An agent must send its public key.', {
        violations: [{ field: 'publicKey', message: 'is required' }],
      });
    }
    const cluster = await joinCluster(tx, taken.clusterId ?? '', publicKey, now);
    if (!cluster) throw refused('The cluster of the join token is gone.', 'Make the cluster again.');
    if (meant !== undefined && meant !== cluster.name)
      throw refused('The join token belongs to another cluster.', `Make a join token for ${meant}.`);
    const id = newId('evt', now, this.parts.random);
    await writeOutbox(tx, { id, name: 'cluster.changed', key: cluster.id, now });
    return { kind: 'agent', id: cluster.id, region: cluster.region };
  }

  private async admitGateway(
    tx: Tx,
    { memberId, region = 'local' }: TakenJoinToken,
    now: number,
  ): Promise<Member> {
    const id = memberId as Id<'gw'>;
    await insertGateway(tx, id, region, now);
    return { kind: 'gateway', id, region };
  }

  /** Makes what the member relies on in NATS, and credentials for exactly that. */
  private async equip(member: Member, now: number): Promise<Credentials> {
    const { bus, signer } = this.parts;
    if (member.kind === 'agent') {
      await ensureClusterTopology(bus, member.id);
      return signer.sign(member.id, agentPermissions(member.id), now);
    }
    await ensureGatewayTopology(bus, member.id);
    return signer.sign(member.id, gatewayPermissions(member.id), now);
  }
}

/** Whoever holds 256 random bits may know what became of them. */
async function whyNot(tx: Tx, token: string, now: number): Promise<string> {
  const known = await findJoinToken(tx, tokenHash(token));
  if (known?.usedAt !== undefined) return 'The join token was used.';
  if (known !== undefined && known.expiresAt <= now) return 'The join token is too old.';
  return 'The join token is unknown.';
}

async function memberOf(
  tx: Tx,
  found: { id: string; kind: 'agent' | 'gateway' } | undefined,
): Promise<Member | undefined> {
  if (!found) return undefined;
  if (found.kind === 'agent') {
    const cluster = await findCluster(tx, found.id);
    return cluster && { kind: 'agent', id: cluster.id, region: cluster.region };
  }
  const gateway = await findGateway(tx, found.id);
  return gateway && { kind: 'gateway', id: gateway.id, region: gateway.region };
}

function refused(message: string, nextStep: string): TowpathError {
  return new TowpathError('UNAUTHENTICATED', message, { nextStep });
}
