import type { ServiceView } from '../../client/wire.types.js';
import { listCommand } from '../../list.command.js';
import { readyText } from '../../service/show.js';

/** `tow services list` */
export const servicesList = listCommand<ServiceView>({
  calls: ['GET /v1/projects/{project}/services'],
  address: async (tow) => `${await tow.projectPath()}/services`,
  columns: {
    NAME: (service) => service.name,
    READY: readyText,
    ACCESS: (service) => service.access,
    REVISION: (service) => service.latestReadyRevision,
    URL: (service) => service.url,
  },
  nothing: 'No service yet. Make one: tow deploy NAME --source DIR',
});
