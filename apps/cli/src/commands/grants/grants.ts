import { defineCommand } from '../../command.js';
import type { GrantView } from '../../client/organization.types.js';
import { path } from '../../client/path.js';
import type { KeyView, WhoamiView } from '../../client/wire.types.js';
import { durationSeconds } from '../../flags/quantity.js';
import { listCommand } from '../../list.command.js';
import { shortTime } from '../../output/time.js';
import type { Tow } from '../../tow.js';

interface Created {
  grant: GrantView;
  key: KeyView & { secret: string };
}

interface CreateFlags {
  role: string;
  reason: string;
  for?: number;
}

/** `tow grants create ORG --role viewer --reason TEXT [--for 2h]` (operators): prints the key, once. */
export const grantsCreate = defineCommand<[string], CreateFlags>({
  calls: ['POST /v1/organizations/{organization}/grants'],
  declare(command) {
    command
      .argument('<organization>', 'the organization to get access to')
      .requiredOption('--role <role>', 'viewer or admin')
      .requiredOption('--reason <text>', 'why; the organization reads it')
      .option('--for <time>', 'how long, at most 8h (default: 1h)', durationSeconds('--for'));
  },
  async run(tow, [organization], { role, reason, for: lifetimeSeconds }) {
    const body = { role, reason, ...(lifetimeSeconds === undefined ? {} : { lifetimeSeconds }) };
    const address = path`/v1/organizations/${organization}/grants`;
    const made = await (await tow.client()).post<Created>(address, body);
    tow.out.talk(`Grant ${made.grant.id} until ${made.grant.expiresAt}. Its key, shown this once:`);
    tow.out.line(made, made.key.secret);
    return undefined;
  },
});

/** `tow grants list [--organization ORG]`: of the own organization unless another is named. */
export const grantsList = listCommand<GrantView, { organization?: string }>({
  calls: ['GET /v1/organizations/{organization}/grants', 'GET /v1/whoami'],
  declare(command) {
    command.option('--organization <id>', 'another organization (operators)');
  },
  address: async (tow, { organization }) => addressOf(tow, organization),
  columns: {
    ID: (grant) => grant.id,
    OPERATOR: (grant) => grant.operator,
    ROLE: (grant) => grant.role,
    REASON: (grant) => grant.reason,
    EXPIRES: (grant) => shortTime(grant.expiresAt),
    ENDED: (grant) => shortTime(grant.endedAt),
  },
  nothing: 'No grant.',
});

/** `tow grants revoke ID`: it stops everywhere within 5 s. */
export const grantsRevoke = defineCommand<[string], { organization?: string }>({
  calls: ['DELETE /v1/organizations/{organization}/grants/{grant}', 'GET /v1/whoami'],
  declare(command) {
    command.argument('<id>', 'the grant').option('--organization <id>', 'another organization (operators)');
  },
  async run(tow, [id], { organization }) {
    const address = `${await addressOf(tow, organization)}${path`/${id}`}`;
    await (await tow.client()).delete<unknown>(address);
    tow.out.talk(`Ended ${id}; it stops everywhere within 5 s.`);
    if (tow.out.json) tow.out.value({ revoked: id });
    return undefined;
  },
});

async function addressOf(tow: Tow, organization: string | undefined): Promise<string> {
  const client = await tow.client();
  const id = organization ?? (await client.get<WhoamiView>('/v1/whoami')).organization.id;
  return path`/v1/organizations/${id}/grants`;
}
