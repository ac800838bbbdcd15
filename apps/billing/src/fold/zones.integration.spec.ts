import { changesOf, parsePriceSchedule, priceZoneOf, stretchesOf, type Id, type Running } from '#libs/domain';
import { usageOf } from '#libs/testing';
import { instanceLine, ratedOffline, requestLine } from '../rig/customer.rig.js';
import { MINUTE_MS, PricedRig, T0, chargesOf } from '../rig/priced.rig.js';

/** From here on the moon is far. */
const CHANGE = T0 + 10 * MINUTE_MS;
const SHAPE = { concurrency: 2, maxInstances: 3, gpus: 2, gpuClass: 'l4' };

const zones = [
  [{ name: 'far', regions: ['mars'] }],
  [
    { name: 'far', regions: ['mars'] },
    { name: 'near', regions: ['moon'] },
  ],
] as const;
const item = { rate: '0.001', per: '1 s', unit: 's' };
const documents = zones.map((own, i) => ({
  ...{ id: 'zoned', version: i + 1, name: 'Zoned', currency: 'USD', decimals: 6, zones: own },
  effectiveFrom: new Date(i === 0 ? 0 : CHANGE).toISOString(),
  multipliers: own.map(({ name }) => ({ zone: name, by: name === 'far' ? '3' : '1.5' })),
  items: [
    { ...item, id: 'cpu', name: 'CPU', measure: 'request_time', model: 'concurrency', times: 'vcpu' },
    { ...item, id: 'each', name: 'Each', measure: 'request_time', model: 'per_request', quantum: '1 s' },
    { ...item, id: 'kept', name: 'Kept', measure: 'instance_time', quantum: '1 s', minimum: '11 min' },
    { ...item, id: 'l4', name: 'L4', measure: 'gpu_time', gpuClass: 'l4', quantum: '1 s' },
    { ...item, id: 'h100', name: 'H100', measure: 'gpu_time', gpuClass: 'h100' },
    { id: 'requests', name: 'Requests', measure: 'requests', rate: '0.01', per: '1', unit: 'request' },
  ],
}));

/** Of what is used. */
const IDS = ['cpu', 'each', 'kept', 'l4', 'requests'];

let priced: PricedRig;
beforeAll(async () => {
  priced = await PricedRig.start(12, documents);
});
afterAll(() => priced.stop());

const zoneAt = (region: string, atMs: number): string =>
  priceZoneOf(region, atMs < CHANGE ? zones[0].map(copy) : zones[1].map(copy));
const copy = ({ name, regions }: { name: string; regions: readonly string[] }) => ({
  name,
  regions: [...regions],
});

it('usage and GPUs cost what they do in the zone of the cluster that ran them, live as offline, also when a zone changes', async () => {
  const of = await priced.customer('zoned', SHAPE);
  const { organizationId, serviceId, revisionId } = of;
  const rig = priced.billing();
  const regions = ['earth', 'moon', 'mars'];
  const clusters = new Map<string, Id<'cls'>>();
  for (const region of regions) {
    const id = await priced.holder(of, region);
    clusters.set(region, id);
  }
  const regionOf = (i: number): string => regions[i % regions.length] ?? '';
  const records = Array.from({ length: 90 }, (_one, i) => {
    const startMs = T0 + priced.whole(20 * MINUTE_MS);
    const span = { startMs, endMs: startMs + 1 + priced.whole(i % 4 === 0 ? 90_000 : 400) };
    return usageOf(of, i, span, { clusterId: clusters.get(regionOf(i)) as Id<'cls'> });
  });
  // One of each runs when zones change.
  const running = regions.map((region, i): Running & { region: string } => {
    const startMs = T0 + i * MINUTE_MS + 7;
    return { id: `pod-${i}`, begunMs: startMs, startMs, endMs: CHANGE + (i + 1) * 77_777, region };
  });
  for (const from of [0, 45]) await rig.take(priced.lease, of.gatewayId, records.slice(from, from + 45));
  for (const share of [0.4, 1])
    for (const { id: instanceId, startMs, endMs, region } of running)
      await rig.takeInstances(priced.lease, clusters.get(region) ?? '', [
        {
          ...{ clusterId: clusters.get(region), organizationId, serviceId, revisionId, instanceId, startMs },
          ...{ untilMs: startMs + Math.floor((endMs - startMs) * share), ended: share === 1 },
        },
      ]);
  await rig.fold(priced.lease, [of]);
  const parts = running.flatMap(({ region, ...one }) =>
    zoneAt(region, T0) === zoneAt(region, CHANGE)
      ? [{ region, span: { startMs: T0, endMs: one.endMs }, one }]
      : [
          { region, span: { startMs: T0, endMs: CHANGE }, one },
          { region, span: { startMs: CHANGE, endMs: one.endMs }, one },
        ],
  );
  const expected = ratedOffline(parsePriceSchedule(documents), of, SHAPE, [
    ...records.map((record, i) => requestLine(record, regionOf(i))),
    ...parts.flatMap(({ region, span, one }) =>
      stretchesOf([one], changesOf([], span), SHAPE, span).map((stretch) => instanceLine(stretch, region)),
    ),
  ]);
  const bill = await priced.bill(of);
  const used = bill.items.filter(({ quantity }) => quantity !== '0');
  expect(chargesOf(used)).toEqual(chargesOf(expected.months.flatMap(({ charges }) => charges)));
  expect(used.map(({ item: id }) => id)).toEqual([...IDS, ...IDS]);
  const rates = new Set(bill.lines.filter(({ item: id }) => id === 'requests').map(({ rate }) => rate));
  expect([...rates].sort()).toEqual(['0.01', '0.015', '0.03']);
});

it.each([
  ['as they come', [0, 1, 2]],
  ['the last first', [2, 1, 0]],
  ['the first last', [1, 2, 0]],
])(
  'a stream that goes on while its zone changes is one request of the zone where it began: %s',
  async (_name, order) => {
    const of = await priced.customer('zoned', SHAPE);
    const rig = priced.billing();
    const clusterId = await priced.holder(of, 'moon');
    const at = [-90_500, -30_000, 20_000, 40_200];
    const records = [0, 1, 2].map((part) => {
      const span = { startMs: CHANGE + (at[part] ?? 0), endMs: CHANGE + (at[part + 1] ?? 0) };
      return usageOf(of, part, span, { clusterId, streamId: 'long', part, last: part === 2 });
    });
    for (const part of order) {
      await rig.take(priced.lease, of.gatewayId, [records[part]]);
      await rig.fold(priced.lease, [of]);
    }
    const expected = ratedOffline(
      parsePriceSchedule(documents),
      of,
      SHAPE,
      records.map((record) => {
        const { streamId, part, last } = record;
        return { ...requestLine(record, 'moon'), streamId, part, last };
      }),
    );
    const { items } = await priced.bill(of);
    const used = items.filter(({ quantity }) => quantity !== '0');
    const charges = expected.months.flatMap((month) => month.charges);
    expect(chargesOf(used)).toEqual(chargesOf(charges));
    // 130.7 s from its first part on
    expect(used.filter(({ item: id }) => id === 'each').map(({ quantity }) => quantity)).toEqual(['131']);
  },
);

it('an instance that runs on while its zone changes is covered once, as by one price', async () => {
  const of = await priced.customer('zoned', SHAPE);
  const { organizationId, serviceId, revisionId } = of;
  const rig = priced.billing();
  const clusterId = await priced.holder(of, 'moon');
  const startMs = CHANGE - 90_000;
  const kept = async (ms: number, ended: boolean): Promise<unknown[]> => {
    const untilMs = startMs + ms;
    await rig.takeInstances(priced.lease, clusterId, [
      { clusterId, organizationId, serviceId, revisionId, instanceId: 'pod', startMs, untilMs, ended },
    ]);
    await rig.fold(priced.lease, [of]);
    const { items } = await priced.bill(of);
    return items
      .filter(({ item: id, quantity }) => id === 'kept' && quantity !== '0')
      .map(({ version, quantity }) => [version, quantity]);
  };
  // its minimum of 11 minutes, at once; then by the second
  expect(await kept(60_000, false)).toEqual([[1, '660']]);
  expect(await kept(240_000, false)).toEqual([[1, '660']]);
  expect(await kept(670_000, true)).toEqual([
    [1, '660'],
    [2, '10'],
  ]);
});
