import { defineCommand } from '../../command.js';
import { path } from '../../client/path.js';
import type { ClusterView } from '../../client/cluster.types.js';

interface PriceFlags {
  vcpuSecond: string;
  gibSecond: string;
  currency: string;
}

/** `tow clusters set-price NAME` (platform operator): from today on; `tow admin margin` reckons with it. */
export const clustersSetPrice = defineCommand<[string], PriceFlags>({
  calls: ['PUT /v1/clusters/{cluster}/price'],
  declare(command) {
    command
      .argument('<cluster>', 'its name or id')
      .requiredOption('--vcpu-second <decimal>', 'what a second of one vCPU costs you')
      .requiredOption('--gib-second <decimal>', 'what a second of one GiB costs you')
      .option('--currency <code>', 'of both', 'USD');
  },
  async run(tow, [id], { vcpuSecond, gibSecond, currency }) {
    const body = { currency, vcpuSecond, gibSecond };
    const one = await (await tow.client()).put<ClusterView>(path`/v1/clusters/${id}/price`, body);
    tow.out.thing(one, {
      Id: one.id,
      Name: one.name,
      'vCPU second': `${one.price?.vcpuSecond} ${one.price?.currency}`,
      'GiB second': `${one.price?.gibSecond} ${one.price?.currency}`,
      Since: one.price?.since,
    });
    return undefined;
  },
});
