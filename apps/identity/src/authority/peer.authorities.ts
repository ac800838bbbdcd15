import { DOORS_DOMAIN, GATEWAYS_DOMAIN, TowpathError, peerName, type Id, type PeerSide } from '#libs/domain';
import { Authority, type AuthorityParts } from './authority.js';

/** What a gateway and the door of a cluster show each other, and what each believes. */
export interface PeerCertificate {
  /** PEM, the leaf first. */
  chain: string;
  /** The root that vouches for the other side, PEM. */
  trust: string;
}

/**
 * Two roots that no customer ever sees: one vouches for gateways only, one for doors only, so that neither can pass
 * for the other.
 */
export class PeerAuthorities {
  private constructor(
    private readonly gateways: Authority,
    private readonly doors: Authority,
  ) {}

  static async open(parts: Omit<AuthorityParts, 'domain' | 'usage'>): Promise<PeerAuthorities> {
    return new PeerAuthorities(
      await Authority.open({ ...parts, domain: GATEWAYS_DOMAIN, usage: 'client' }),
      await Authority.open({ ...parts, domain: DOORS_DOMAIN }),
    );
  }

  /** For the member's own name only, at that side of a door. @throws TowpathError INVALID_ARGUMENT for another request */
  async certify(
    member: { kind: 'agent'; id: Id<'cls'> } | { kind: 'gateway'; id: Id<'gw'> },
    request: string,
    side: PeerSide,
  ): Promise<PeerCertificate> {
    if (member.kind === 'gateway' && side === 'door')
      throw new TowpathError('PERMISSION_DENIED', 'A gateway is no door.');
    const [own, other] = side === 'gateway' ? [this.gateways, this.doors] : [this.doors, this.gateways];
    return { chain: await own.certify(request, peerName(member.id, side)), trust: other.certificate };
  }
}
