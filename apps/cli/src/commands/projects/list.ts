import type { ProjectView } from '../../client/wire.types.js';
import { listCommand } from '../../list.command.js';
import { shortTime } from '../../output/time.js';

/** `tow projects list` */
export const projectsList = listCommand<ProjectView>({
  calls: ['GET /v1/projects'],
  address: () => Promise.resolve('/v1/projects'),
  columns: {
    HANDLE: (project) => project.handle,
    NAME: (project) => project.name,
    ID: (project) => project.id,
    CREATED: (project) => shortTime(project.createdAt),
  },
  nothing: 'No project yet. Make one: tow projects create NAME',
});
