import type { GpuClassView } from '../../client/cluster.types.js';
import { path } from '../../client/path.js';
import { defineCommand } from '../../command.js';

/** `tow gpu-classes delete NAME` (platform operator): refused while a service uses it. */
export const gpuClassesDelete = defineCommand<[string], object>({
  calls: ['DELETE /v1/gpu-classes/{gpuClass}'],
  declare(command) {
    command.argument('<class>', 'its name or id');
  },
  async run(tow, [id]) {
    const one = await (await tow.client()).delete<GpuClassView>(path`/v1/gpu-classes/${id}`);
    tow.out.talk(`Deleted GPU class ${one.name}.`);
    tow.out.line(one, one.id);
    return undefined;
  },
});
