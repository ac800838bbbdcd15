import { defineCommand } from '../../command.js';
import { path } from '../../client/path.js';
import type { ProjectView } from '../../client/wire.types.js';

/** `tow projects describe [PROJECT]`: the project in use unless another is named. */
export const projectsDescribe = defineCommand<[string | undefined], object>({
  calls: ['GET /v1/projects/{project}'],
  declare(command) {
    command.argument('[project]', 'handle or id (default: the project in use)');
  },
  async run(tow, [chosen]) {
    const address = chosen === undefined ? await tow.projectPath() : path`/v1/projects/${chosen}`;
    const project = await (await tow.client()).get<ProjectView>(address);
    const { id, handle, name, createdAt } = project;
    tow.out.thing(project, { Handle: handle, Name: name, Id: id, Created: createdAt });
    return undefined;
  },
});
