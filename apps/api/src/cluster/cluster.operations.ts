import { GPU_LIMITS, clusterPriceProblem, labelProblem } from '#libs/domain';
import { z } from 'zod';
import { defineCommand, defineQuery } from '../call/definition.js';
import { definePage } from '../call/page.js';
import { reference, ruledText } from '../call/scalars.js';
import {
  createCluster,
  createJoinToken,
  drainCluster,
  removeCluster,
  setClusterPrice,
  setCordon,
} from './cluster.commands.js';
import { getCluster, listClusters } from './cluster.queries.js';
import { clusterView, joinTokenView, runtimeSchema } from './cluster.view.js';

const label = ruledText((text) => labelProblem(text, 63));
const rate = ruledText(clusterPriceProblem);
/** GPU classes in the price of one cluster at most. */
const MOST_GPU_PRICES = 100;
const cluster = reference('Name or id of the cluster.');

export const clusterOperations = [
  definePage({
    name: 'clusters.list',
    permission: 'cluster.read',
    rest: { method: 'GET', path: '/v1/clusters', status: 200 },
    graphql: 'clusters',
    summary: 'Clusters of the installation (platform operators).',
    input: z.strictObject({}),
    item: clusterView,
    key: 'id',
    handler: (call, _input, page) => listClusters(call, page),
  }),
  defineCommand({
    name: 'clusters.create',
    permission: 'cluster.write',
    rest: { method: 'POST', path: '/v1/clusters', status: 201 },
    graphql: 'createCluster',
    summary: 'Make room for a cluster (platform operators).',
    input: z.strictObject({
      name: label,
      provider: label.optional(),
      region: label.optional(),
      zone: label.optional(),
      runtime: runtimeSchema,
    }),
    output: clusterView,
    handler: createCluster,
  }),
  defineQuery({
    name: 'clusters.get',
    permission: 'cluster.read',
    rest: { method: 'GET', path: '/v1/clusters/{cluster}', status: 200 },
    graphql: 'cluster',
    summary: 'One cluster (platform operators).',
    input: z.strictObject({ cluster }),
    output: clusterView,
    handler: getCluster,
  }),
  defineCommand({
    name: 'clusters.cordon',
    permission: 'cluster.write',
    rest: { method: 'POST', path: '/v1/clusters/{cluster}/cordon', status: 200 },
    graphql: 'cordonCluster',
    summary: 'Put no new services on a cluster; what it holds stays (platform operators).',
    input: z.strictObject({ cluster }),
    output: clusterView,
    handler: (call, input) => setCordon(call, input, true),
  }),
  defineCommand({
    name: 'clusters.uncordon',
    permission: 'cluster.write',
    rest: { method: 'POST', path: '/v1/clusters/{cluster}/uncordon', status: 200 },
    graphql: 'uncordonCluster',
    summary: 'Put new services on a cluster again; a drain ends where it is (platform operators).',
    input: z.strictObject({ cluster }),
    output: clusterView,
    handler: (call, input) => setCordon(call, input, false),
  }),
  defineCommand({
    name: 'clusters.drain',
    permission: 'cluster.write',
    rest: { method: 'POST', path: '/v1/clusters/{cluster}/drain', status: 200 },
    graphql: 'drainCluster',
    summary:
      'Move what a cluster holds elsewhere, each service once another cluster serves it (platform operators).',
    input: z.strictObject({ cluster }),
    output: clusterView,
    handler: drainCluster,
  }),
  defineCommand({
    name: 'clusters.setPrice',
    permission: 'cluster.write',
    rest: { method: 'PUT', path: '/v1/clusters/{cluster}/price', status: 200 },
    graphql: 'setClusterPrice',
    summary:
      'Say what instances in a cluster cost from today (UTC) on, for your margin (platform operators).',
    input: z.strictObject({
      cluster,
      currency: z
        .string()
        .regex(/^[A-Z]{3}$/, 'must be three capital letters like USD')
        .describe('Like `USD`.'),
      vcpuSecond: rate.describe('An exact decimal for a second of one vCPU.'),
      gibSecond: rate.describe('An exact decimal for a second of one GiB.'),
      gpuSeconds: z
        .array(
          z
            .strictObject({
              gpuClass: ruledText((text) => labelProblem(text, GPU_LIMITS.nameCharacters)),
              price: rate,
            })
            .meta({ id: 'GpuPriceInput' }),
        )
        .max(MOST_GPU_PRICES)
        .optional()
        .describe(
          'For a second of one GPU, by the name of its class; the margin names a class that ran without.',
        ),
    }),
    output: clusterView,
    handler: setClusterPrice,
  }),
  defineCommand({
    name: 'clusters.remove',
    permission: 'cluster.write',
    rest: { method: 'DELETE', path: '/v1/clusters/{cluster}', status: 200 },
    graphql: 'removeCluster',
    summary: 'Take a cordoned cluster that holds nothing out of the installation (platform operators).',
    input: z.strictObject({ cluster }),
    output: clusterView,
    handler: removeCluster,
  }),
  defineCommand({
    name: 'clusters.createJoinToken',
    permission: 'cluster.write',
    rest: { method: 'POST', path: '/v1/clusters/{cluster}/join-tokens', status: 201 },
    graphql: 'createJoinToken',
    summary: "Make a one-time token with which the cluster's agent joins (platform operators).",
    input: z.strictObject({ cluster }),
    output: joinTokenView,
    confidential: true,
    handler: createJoinToken,
  }),
];
