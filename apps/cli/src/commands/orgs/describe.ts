import { defineCommand } from '../../command.js';
import { path } from '../../client/path.js';
import { standing } from './status.js';
import type { OrganizationView } from '../../client/organization.types.js';
import type { WhoamiView } from '../../client/wire.types.js';

/** `tow orgs describe [ID]`: the own organization unless another is named. */
export const orgsDescribe = defineCommand<[string | undefined], object>({
  calls: ['GET /v1/organizations/{organization}', 'GET /v1/whoami'],
  declare(command) {
    command.argument('[id]', 'the organization (default: the own one)');
  },
  async run(tow, [id]) {
    const client = await tow.client();
    const chosen = id ?? (await client.get<WhoamiView>('/v1/whoami')).organization.id;
    const one = await client.get<OrganizationView>(path`/v1/organizations/${chosen}`);
    const told = { Id: one.id, Name: one.name, Status: one.status, ...standing(one) };
    tow.out.thing(one, { ...told, Created: one.createdAt });
    return undefined;
  },
});
