import { Body, Controller, Headers, HttpCode, Inject, Post, UseFilters } from '@nestjs/common';
import { JoinCommands, type JoinAnswer } from './join.commands.js';
import { parseJoinRequest } from './join.schema.js';
import { ProblemFilter } from './problem.filter.js';

/** Times travel as RFC 3339. */
type Answer<T extends { expiresAt: number }> = Omit<T, 'expiresAt'> & { expiresAt: string };

@Controller()
@UseFilters(ProblemFilter)
export class JoinController {
  constructor(@Inject(JoinCommands) private readonly commands: JoinCommands) {}

  /** Lets an agent or a gateway in; the token works once. */
  @Post('join')
  @HttpCode(200)
  async join(@Body() body: unknown): Promise<Answer<JoinAnswer>> {
    return answered(await this.commands.join(parseJoinRequest(body)));
  }

  /** New credentials for the renewal token of a join. */
  @Post('renew')
  @HttpCode(200)
  async renew(
    @Headers('authorization') authorization = '',
  ): Promise<Answer<{ creds: string; expiresAt: number }>> {
    return answered(await this.commands.renew(authorization.replace(/^Bearer /i, '')));
  }
}

function answered<T extends { expiresAt: number }>(answer: T): Answer<T> {
  return { ...answer, expiresAt: new Date(answer.expiresAt).toISOString() };
}
