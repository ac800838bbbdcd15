import { Body, Controller, Headers, HttpCode, Inject, Post, UseFilters } from '@nestjs/common';
import { certificateRequestSchema, peerCertificateRequestSchema } from '#libs/bus';
import { TowpathError } from '#libs/domain';
import { JoinCommands } from '../join/join.commands.js';
import { ProblemFilter } from '../join/problem.filter.js';
import { Authority } from './authority.js';
import { PeerAuthorities, type PeerCertificate } from './peer.authorities.js';

@Controller()
@UseFilters(ProblemFilter)
export class CertificateController {
  constructor(
    @Inject(Authority) private readonly authority: Authority,
    @Inject(PeerAuthorities) private readonly peers: PeerAuthorities,
    @Inject(JoinCommands) private readonly joined: JoinCommands,
  ) {}

  /** A certificate for a gateway's request; its private key stays at the gateway. */
  @Post('certificate')
  @HttpCode(200)
  async certify(
    @Body() body: unknown,
    @Headers('authorization') authorization = '',
  ): Promise<{ chain: string }> {
    const { kind } = await this.joined.memberOf(authorization.replace(/^Bearer /i, ''));
    if (kind !== 'gateway')
      throw new TowpathError('PERMISSION_DENIED', 'Certificates are issued to gateways only.');
    const asked = certificateRequestSchema.safeParse(body);
    if (!asked.success)
      throw new TowpathError('INVALID_ARGUMENT', 'The body must be `{"request": "<PEM>"}`.');
    return { chain: await this.authority.certify(asked.data.request) };
  }

  /** What a gateway shows to doors, or a cluster's door to gateways; its private key stays where it was made. */
  @Post('peer-certificate')
  @HttpCode(200)
  async certifyPeer(
    @Body() body: unknown,
    @Headers('authorization') authorization = '',
  ): Promise<PeerCertificate> {
    const member = await this.joined.memberOf(authorization.replace(/^Bearer /i, ''));
    const asked = peerCertificateRequestSchema.safeParse(body);
    if (!asked.success)
      throw new TowpathError(
        'INVALID_ARGUMENT',
        'The body must be `{"request": "<PEM>", "side": "gateway" | "door"}`.',
      );
    return this.peers.certify(member, asked.data.request, asked.data.side);
  }
}
