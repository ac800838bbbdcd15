import { marginRows, marginSums, type MarginRow } from './margin.sums.js';

const row = (id: string, cluster: string, more: Partial<MarginRow> = {}): MarginRow => ({
  ...{ id, cluster, name: cluster, month: '2026-11', currency: 'USD' },
  ...{ billedSeconds: '1', instanceSeconds: '4', gpus: [], amount: '2', charged: '1/3', unpricedGpus: [] },
  ...more,
});
const KNOWN = { cost: '0.5', margin: '-1/6' };
const ROWS = [
  row('org_a', 'alpha', { ...KNOWN, gpus: [{ gpuClass: 'l4', seconds: '1.5' }] }),
  row('org_a', 'beta', { gpus: [{ gpuClass: 'l4', seconds: '2' }], unpricedGpus: ['l4'] }),
  row('org_b', 'alpha', { ...KNOWN, gpus: [{ gpuClass: 't4', seconds: '1' }] }),
  row('org_c', 'alpha', { ...KNOWN, currency: 'EUR' }),
];

it('shows each cluster of an organization with its own GPUs', () => {
  const told = { billedSeconds: '1', instanceSeconds: '4', amount: '2', charged: '1', unpricedGpus: [] };
  const rows = marginRows([
    {
      ...{ id: 'org_a', name: 'acme', month: '2026-11', currency: 'USD' },
      clusters: [told, { ...told, cluster: 'beta', name: 'b' }],
      gpus: [{ cluster: 'beta', gpuClass: 'l4', seconds: '3' }],
    },
  ]);
  expect(rows.map(({ id, name, gpus }) => [id, name, gpus.map(({ seconds }) => seconds)])).toEqual([
    ['org_a', '', []],
    ['org_a', 'b', ['3']],
  ]);
});

it('adds up by organization; a cost that is not known makes the sum unknown, and says of which GPUs', () => {
  const sums = marginSums(ROWS, 'organization');
  expect(sums.map(({ id, name, charged, cost, margin }) => [id, name, charged, cost, margin])).toEqual([
    ['org_a', undefined, '2/3', undefined, undefined],
    ['org_b', undefined, '1/3', '0.5', '-1/6'],
    ['org_c', undefined, '1/3', '0.5', '-1/6'],
  ]);
  expect(sums[0]).toMatchObject({ gpus: [{ gpuClass: 'l4', seconds: '3.5' }], unpricedGpus: ['l4'] });
});

it('adds up by cluster, each currency by itself', () => {
  const sums = marginSums(ROWS, 'cluster');
  expect(
    sums.map(({ id, name, currency, instanceSeconds, cost, margin }) => [
      ...[id, name, currency],
      ...[instanceSeconds, cost, margin],
    ]),
  ).toEqual([
    [undefined, 'alpha', 'USD', '8', '1', '-1/3'],
    [undefined, 'beta', 'USD', '4', undefined, undefined],
    [undefined, 'alpha', 'EUR', '4', '0.5', '-1/6'],
  ]);
  expect(sums[0]?.gpus).toEqual([
    { gpuClass: 'l4', seconds: '1.5' },
    { gpuClass: 't4', seconds: '1' },
  ]);
});
