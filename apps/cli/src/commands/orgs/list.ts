import type { OrganizationView } from '../../client/organization.types.js';
import { listCommand } from '../../list.command.js';

/** `tow orgs list`: the own one; the platform operator sees all. */
export const orgsList = listCommand<OrganizationView>({
  calls: ['GET /v1/organizations'],
  address: () => Promise.resolve('/v1/organizations'),
  columns: { ID: (one) => one.id, NAME: (one) => one.name, STATUS: (one) => one.status },
  nothing: 'No organization.',
});
