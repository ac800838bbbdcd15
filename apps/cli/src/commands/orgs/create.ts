import { defineCommand } from '../../command.js';
import type { OrganizationView } from '../../client/organization.types.js';
import type { KeyView } from '../../client/wire.types.js';

interface Created {
  organization: OrganizationView;
  key: KeyView & { secret: string };
}

/** `tow orgs create NAME` (platform operator): prints the owner's key, once. */
export const orgsCreate = defineCommand<[string], object>({
  calls: ['POST /v1/organizations'],
  declare(command) {
    command.argument('<name>', 'name of the organization');
  },
  async run(tow, [name]) {
    const made = await (await tow.client()).post<Created>('/v1/organizations', { name });
    tow.out.talk(
      `Made organization ${made.organization.name} (${made.organization.id}). Its owner's key, shown this once:`,
    );
    tow.out.line(made, made.key.secret);
    return undefined;
  },
});
