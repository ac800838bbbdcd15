import { defineCommand } from '../../command.js';
import type { ProjectView } from '../../client/wire.types.js';

/** `tow projects create NAME`: prints the handle. */
export const projectsCreate = defineCommand<[string], { handle?: string }>({
  calls: ['POST /v1/projects'],
  declare(command) {
    command
      .argument('<name>', 'name of the project')
      .option('--handle <handle>', 'its word in the URLs (default: made from the name)');
  },
  async run(tow, [name], { handle }) {
    const project = await (await tow.client()).post<ProjectView>('/v1/projects', { name, handle });
    tow.out.talk(`Made project ${project.name}; its services are at <service>--${project.handle}.<domain>.`);
    tow.out.line(project, project.handle);
    return undefined;
  },
});
