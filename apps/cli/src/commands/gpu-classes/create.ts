import type { GpuClassView } from '../../client/cluster.types.js';
import { defineCommand } from '../../command.js';
import { listOf, pairsOf } from '../../flags/pairs.js';
import { cpuMillis, sizeMiB, wholeNumber } from '../../flags/quantity.js';
import { tolerationOf } from '../../flags/toleration.js';

interface GpuClassFlags {
  resource?: string;
  nodeLabels: Map<string, string>;
  tolerations?: string[];
  minCpu?: number;
  minMemory?: number;
  maxGpus?: number;
}

/** `tow gpu-classes create NAME --node-labels …` (platform operator): prints the id. */
export const gpuClassesCreate = defineCommand<[string], GpuClassFlags>({
  calls: ['POST /v1/gpu-classes'],
  declare(command) {
    command
      .argument('<name>', 'the class, as customers ask for it, e.g. nvidia-l4')
      .requiredOption('--node-labels <key=value,…>', 'labels that its nodes have', pairsOf('--node-labels'))
      .option(
        '--tolerations <key[=value][:effect],…>',
        'of taints that keep others away from its nodes',
        listOf('--tolerations'),
      )
      .option('--resource <resource>', 'what nodes offer them as; nvidia.com/gpu')
      .option('--min-cpu <cpus>', 'CPUs that an instance needs at least', cpuMillis)
      .option('--min-memory <size>', 'memory that an instance needs at least', (text) =>
        sizeMiB(text, '--min-memory'),
      )
      .option(
        '--max-gpus <n>',
        'GPUs that an instance may hold at most: what the largest node has',
        wholeNumber('--max-gpus'),
      );
  },
  async run(tow, [name], flags) {
    const { resource, minCpu: minCpuMillis, minMemory: minMemoryMiB, maxGpus } = flags;
    const body = {
      ...{ name, resource, minCpuMillis, minMemoryMiB, maxGpus },
      nodeLabels: [...flags.nodeLabels].map(([label, value]) => ({ name: label, value })),
      tolerations: flags.tolerations?.map(tolerationOf),
    };
    const made = await (await tow.client()).post<GpuClassView>('/v1/gpu-classes', body);
    tow.out.talk(`Made GPU class ${made.name}: tow deploy --gpus 1 --gpu-class ${made.name}`);
    tow.out.line(made, made.id);
    return undefined;
  },
});
