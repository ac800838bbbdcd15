import { defineCommand } from '../../command.js';
import { path } from '../../client/path.js';
import { pairsOf } from '../../flags/pairs.js';
import type { ClusterView } from '../../client/cluster.types.js';

interface PriceFlags {
  vcpuSecond: string;
  gibSecond: string;
  gpuSecond?: Map<string, string>;
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
      .option(
        '--gpu-second <class=decimal,…>',
        'what a second of one GPU costs you, by its class',
        pairsOf('--gpu-second'),
      )
      .option('--currency <code>', 'of all', 'USD');
  },
  async run(tow, [id], { vcpuSecond, gibSecond, gpuSecond, currency }) {
    const gpuSeconds = [...(gpuSecond ?? [])].map(([gpuClass, price]) => ({ gpuClass, price }));
    const body = { currency, vcpuSecond, gibSecond, gpuSeconds };
    const one = await (await tow.client()).put<ClusterView>(path`/v1/clusters/${id}/price`, body);
    tow.out.thing(one, {
      Id: one.id,
      Name: one.name,
      'vCPU second': `${one.price?.vcpuSecond} ${one.price?.currency}`,
      'GiB second': `${one.price?.gibSecond} ${one.price?.currency}`,
      'GPU second': one.price?.gpuSeconds.map(({ gpuClass, price }) => `${gpuClass}=${price}`).join(', '),
      Since: one.price?.since,
    });
    return undefined;
  },
});
