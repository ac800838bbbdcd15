import { defineCommand } from '../../command.js';
import { path } from '../../client/path.js';
import { shortTime } from '../../output/time.js';

interface JoinToken {
  token: string;
  expiresAt: string;
}

/** `tow clusters join-token NAME` (platform operator): prints a token that lets one agent join once. */
export const clustersJoinToken = defineCommand<[string], object>({
  calls: ['POST /v1/clusters/{cluster}/join-tokens'],
  declare(command) {
    command.argument('<cluster>', 'its name or id');
  },
  async run(tow, [id]) {
    const made = await (await tow.client()).post<JoinToken>(path`/v1/clusters/${id}/join-tokens`, {});
    tow.out.talk(`Works once, until ${shortTime(made.expiresAt) ?? 'it is used'}:`);
    tow.out.line(made, made.token);
    return undefined;
  },
});
