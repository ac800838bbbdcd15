import { monthOf } from '#libs/domain';
import { usageOf } from '#libs/testing';
import { ApiRig, type RigTenant } from '../api.rig.js';
import { takeIn, usedRevision } from './used.rig.js';

const BORDER = Date.parse('2026-11-01T00:00:00Z');
const STREAM = 'over-the-border';

interface Cost {
  opened: string[];
  lines: { item: string; quantity: string }[];
  adjustments: { month: string; item: string }[];
}

let rig: ApiRig;
let tenant: RigTenant;
beforeAll(async () => {
  rig = await ApiRig.start();
  tenant = await rig.tenant('streams');
});
afterAll(() => rig.stop());

it('a stream over the end of a month and a change of zone is paid whole, and names adjustments of lines it has a part in', async () => {
  const of = await usedRevision(rig, tenant);
  const parts = [
    usageOf(of, 0, { startMs: BORDER - 3_000, endMs: BORDER }, { streamId: STREAM, last: false }),
    usageOf(of, 1, { startMs: BORDER, endMs: BORDER + 2_000 }, { streamId: STREAM, part: 1 }),
  ];
  // gives the later month a line of requests, in which the stream has no part
  const beside = usageOf(of, 2, { startMs: BORDER + 300_000, endMs: BORDER + 300_050 });
  const near = [...parts.slice(0, 1), beside];
  await takeIn(rig, of, { fresh: near, all: near, position: 1 });
  const far = parts.slice(1);
  await takeIn(rig, of, { fresh: far, all: far, position: 2 }, { zone: 'far' });

  const at = new Date(BORDER).toISOString();
  const path = `/v1/bill/requests/${STREAM}?at=${at}`;
  const cost = (await rig.call('GET', path, { key: tenant.key })).json as unknown as Cost;
  expect(cost.opened).toHaveLength(50);
  expect(cost.lines.map(({ item, quantity }) => [item, quantity])).toEqual([
    ['cpu', '50'],
    ['memory', '25'],
    ['requests', '0.000001'],
  ]);
  const [before, after] = [monthOf(BORDER - 1), monthOf(BORDER)];
  expect(cost.adjustments.map(({ month, item }) => [month, item])).toEqual([
    ...['cpu', 'memory', 'requests'].map((item) => [before, item]),
    ...['cpu', 'memory'].map((item) => [after, item]),
  ]);
});
