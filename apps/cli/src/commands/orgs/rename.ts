import { defineCommand } from '../../command.js';
import { path } from '../../client/path.js';
import type { OrganizationView } from '../../client/organization.types.js';
import type { WhoamiView } from '../../client/wire.types.js';

/** `tow orgs rename NAME`: the own organization. */
export const orgsRename = defineCommand<[string], object>({
  calls: ['PATCH /v1/organizations/{organization}', 'GET /v1/whoami'],
  declare(command) {
    command.argument('<name>', 'the new name');
  },
  async run(tow, [name]) {
    const client = await tow.client();
    const { organization } = await client.get<WhoamiView>('/v1/whoami');
    const one = await client.patch<OrganizationView>(path`/v1/organizations/${organization.id}`, { name });
    tow.out.thing(one, { Id: one.id, Name: one.name, Status: one.status });
    return undefined;
  },
});
