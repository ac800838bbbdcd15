import type { OperationView } from '../../client/wire.types.js';
import { listCommand } from '../../list.command.js';
import { shortTime } from '../../output/time.js';

/** `tow operations list` */
export const operationsList = listCommand<OperationView, { service?: string }>({
  calls: ['GET /v1/operations'],
  declare(command) {
    command.option('--service <name>', 'only those of this service');
  },
  address: async (tow, { service }) => {
    const project = new URLSearchParams(
      service === undefined ? {} : { project: await tow.project(), service },
    );
    return `/v1/operations${project.size > 0 ? `?${project}` : ''}`;
  },
  columns: {
    ID: (operation) => operation.id,
    KIND: (operation) => operation.kind,
    SERVICE: (operation) => operation.service.name,
    STATUS: (operation) => operation.status,
    CREATED: (operation) => shortTime(operation.createdAt),
    ERROR: (operation) => operation.error?.message,
  },
  nothing: 'No operation yet.',
  usual: 50,
});
