import { defineCommand } from '../../command.js';
import { path } from '../../client/path.js';
import type { OrganizationView } from '../../client/wire.types.js';
import type { Tow } from '../../tow.js';

/** `tow orgs suspend ID --reason TEXT` (operators): its services answer nobody and run nothing until it is resumed. */
export const orgsSuspend = defineCommand<[string], { reason: string }>({
  calls: ['POST /v1/organizations/{organization}/suspend'],
  declare(command) {
    command
      .argument('<id>', 'the organization')
      .requiredOption('--reason <text>', 'why; its members can read it');
  },
  async run(tow, [id], { reason }) {
    const body = { reason };
    show(tow, await (await tow.client()).post<OrganizationView>(path`/v1/organizations/${id}/suspend`, body));
    return undefined;
  },
});

/** `tow orgs resume ID` (operators): everything as it was before it was suspended. */
export const orgsResume = defineCommand<[string], object>({
  calls: ['POST /v1/organizations/{organization}/resume'],
  declare(command) {
    command.argument('<id>', 'the organization');
  },
  async run(tow, [id]) {
    show(tow, await (await tow.client()).post<OrganizationView>(path`/v1/organizations/${id}/resume`, {}));
    return undefined;
  },
});

function show(tow: Tow, one: OrganizationView): void {
  const reason = one.statusReason === undefined ? {} : { Reason: one.statusReason };
  tow.out.thing(one, { Id: one.id, Name: one.name, Status: one.status, ...reason });
}
