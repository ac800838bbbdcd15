import { defineCommand } from '../../command.js';
import { path } from '../../client/path.js';
import type { ClusterView } from '../../client/cluster.types.js';
import type { Tow } from '../../tow.js';

const LOOK_MS = 1_000;

/** `tow clusters drain NAME` (platform operator): moves what it holds elsewhere and shows how far that is. */
export const clustersDrain = defineCommand<[string], { async?: boolean }>({
  calls: ['POST /v1/clusters/{cluster}/drain', 'GET /v1/clusters/{cluster}'],
  declare(command) {
    command.argument('<cluster>', 'its name or id').option('--async', 'do not wait until it is empty');
  },
  async run(tow, [id], { async: isAsync }) {
    const client = await tow.client();
    let one = await client.post<ClusterView>(path`/v1/clusters/${id}/drain`, {});
    let told = '';
    for (;;) {
      told = tell(tow, one, told);
      if (isAsync || one.drain?.left === 0) break;
      await tow.io.sleep(LOOK_MS, tow.io.signal);
      one = await client.get<ClusterView>(path`/v1/clusters/${id}`);
    }
    tow.out.thing(one, { Id: one.id, Name: one.name, Held: one.drain?.total, Left: one.drain?.left });
    return undefined;
  },
});

/** What has changed since it was told last. */
function tell(tow: Tow, { name, drain }: ClusterView, told: string): string {
  const { total = 0, left = 0, waiting = [] } = drain ?? {};
  const reasons = waiting.map(({ service, reason = 'it is being moved' }) => `  ${service}: ${reason}`);
  const text = [`${name}: ${Math.max(0, total - left)} of ${total} moved, ${left} left`, ...reasons].join(
    '\n',
  );
  if (text !== told) tow.out.talk(text);
  return text;
}
