import { defineCommand } from '../../command.js';
import { path } from '../../client/path.js';
import type { ClusterView } from '../../client/cluster.types.js';

/** `tow clusters cordon NAME` (platform operator): no new services there; what it holds stays. */
export const clustersCordon = defineCommand<[string], object>({
  calls: ['POST /v1/clusters/{cluster}/cordon'],
  declare(command) {
    command.argument('<cluster>', 'its name or id');
  },
  async run(tow, [id]) {
    const one = await (await tow.client()).post<ClusterView>(path`/v1/clusters/${id}/cordon`, {});
    tow.out.thing(one, { Id: one.id, Name: one.name, Cordoned: one.cordonedAt });
    return undefined;
  },
});

/** `tow clusters uncordon NAME` (platform operator) */
export const clustersUncordon = defineCommand<[string], object>({
  calls: ['POST /v1/clusters/{cluster}/uncordon'],
  declare(command) {
    command.argument('<cluster>', 'its name or id');
  },
  async run(tow, [id]) {
    const one = await (await tow.client()).post<ClusterView>(path`/v1/clusters/${id}/uncordon`, {});
    tow.out.thing(one, { Id: one.id, Name: one.name });
    return undefined;
  },
});
