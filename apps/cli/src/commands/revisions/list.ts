import type { RevisionView } from '../../client/wire.types.js';
import { path } from '../../client/path.js';
import { listCommand } from '../../list.command.js';
import { shortTime } from '../../output/time.js';
import { readyText } from '../../service/show.js';

/** `tow revisions list --service NAME` */
export const revisionsList = listCommand<RevisionView, { service: string }>({
  calls: ['GET /v1/projects/{project}/services/{service}/revisions'],
  declare(command) {
    command.requiredOption('--service <name>', 'the service');
  },
  address: async (tow, { service }) => (await tow.projectPath()) + path`/services/${service}/revisions`,
  columns: {
    NAME: (revision) => revision.name,
    READY: readyText,
    INSTANCES: (revision) => revision.status.instances,
    CREATED: (revision) => shortTime(revision.createdAt),
    IMAGE: (revision) => revision.spec.imageDigest?.slice(0, 19),
  },
  nothing: 'The service has no revision yet.',
});
