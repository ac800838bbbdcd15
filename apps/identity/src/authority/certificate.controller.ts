import { Body, Controller, Headers, HttpCode, Inject, Post, UseFilters } from '@nestjs/common';
import { certificateRequestSchema } from '#libs/bus';
import { TowpathError } from '#libs/domain';
import { JoinCommands } from '../join/join.commands.js';
import { ProblemFilter } from '../join/problem.filter.js';
import { Authority } from './authority.js';

@Controller()
@UseFilters(ProblemFilter)
export class CertificateController {
  constructor(
    @Inject(Authority) private readonly authority: Authority,
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
}
