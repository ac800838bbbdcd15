import { defineCommand } from '../../command.js';
import { path } from '../../client/path.js';
import type { OrganizationView } from '../../client/organization.types.js';
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

/** `tow orgs close ID`: stopped now, erased after its hold. Never the default organization: the id is typed out. */
export const orgsClose = defineCommand<[string], { reason?: string }>({
  calls: ['POST /v1/organizations/{organization}/close'],
  declare(command) {
    command
      .argument('<id>', 'the organization: your own, or any (operators)')
      .option('--reason <text>', 'why; its members can read it');
  },
  async run(tow, [id], { reason }) {
    const body = reason === undefined ? {} : { reason };
    show(tow, await (await tow.client()).post<OrganizationView>(path`/v1/organizations/${id}/close`, body));
    return undefined;
  },
});

/** `tow orgs reopen ID` (operators): undoes a close before its hold ends. */
export const orgsReopen = defineCommand<[string], object>({
  calls: ['POST /v1/organizations/{organization}/reopen'],
  declare(command) {
    command.argument('<id>', 'the organization');
  },
  async run(tow, [id]) {
    show(tow, await (await tow.client()).post<OrganizationView>(path`/v1/organizations/${id}/reopen`, {}));
    return undefined;
  },
});

function show(tow: Tow, one: OrganizationView): void {
  tow.out.thing(one, { Id: one.id, Name: one.name, Status: one.status, ...standing(one) });
}

/** Why it is not active, and until when a closing one is kept. */
export function standing({ statusReason, holdUntil }: OrganizationView): Record<string, string> {
  return {
    ...(statusReason === undefined ? {} : { Reason: statusReason }),
    ...(holdUntil === undefined ? {} : { 'Kept until': holdUntil }),
  };
}
