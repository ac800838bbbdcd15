import type { CommandEntry } from './command.js';

/** Commands about clusters, for platform operators. */
export const CLUSTER_COMMANDS: readonly CommandEntry[] = [
  {
    words: 'clusters list',
    summary: 'the clusters (platform operator)',
    load: async () => (await import('./commands/clusters/list.js')).clustersList,
  },
  {
    words: 'clusters create',
    summary: 'make a cluster (platform operator)',
    load: async () => (await import('./commands/clusters/create.js')).clustersCreate,
  },
  {
    words: 'clusters describe',
    summary: 'one cluster (platform operator)',
    load: async () => (await import('./commands/clusters/describe.js')).clustersDescribe,
  },
  {
    words: 'clusters cordon',
    summary: 'put no new services on a cluster (platform operator)',
    load: async () => (await import('./commands/clusters/cordon.js')).clustersCordon,
  },
  {
    words: 'clusters uncordon',
    summary: 'put new services on it again (platform operator)',
    load: async () => (await import('./commands/clusters/cordon.js')).clustersUncordon,
  },
  {
    words: 'clusters drain',
    summary: 'move what a cluster holds elsewhere (platform operator)',
    load: async () => (await import('./commands/clusters/drain.js')).clustersDrain,
  },
  {
    words: 'clusters remove',
    summary: 'take an empty cluster out of the installation (platform operator)',
    load: async () => (await import('./commands/clusters/remove.js')).clustersRemove,
  },
  {
    words: 'clusters join',
    summary: "run a cluster's agent on this machine",
    load: async () => (await import('./commands/clusters/join.js')).clustersJoin,
  },
  {
    words: 'clusters join-token',
    summary: 'a token that lets an agent join (platform operator)',
    load: async () => (await import('./commands/clusters/join-token.js')).clustersJoinToken,
  },
  {
    words: 'gpu-classes list',
    summary: 'kinds of GPUs that are offered (platform operator)',
    load: async () => (await import('./commands/gpu-classes/list.js')).gpuClassesList,
  },
  {
    words: 'gpu-classes create',
    summary: 'offer a kind of GPU by name (platform operator)',
    load: async () => (await import('./commands/gpu-classes/create.js')).gpuClassesCreate,
  },
  {
    words: 'gpu-classes describe',
    summary: 'one kind of GPU (platform operator)',
    load: async () => (await import('./commands/gpu-classes/describe.js')).gpuClassesDescribe,
  },
  {
    words: 'gpu-classes delete',
    summary: 'offer a kind of GPU no more (platform operator)',
    load: async () => (await import('./commands/gpu-classes/delete.js')).gpuClassesDelete,
  },
];
