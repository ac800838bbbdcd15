import {
  meterKey,
  usageOfBuild,
  type CountedUsage,
  type Meter,
  type PricePlan,
  type WindowKey,
} from '#libs/domain';
import { findWindowBuilds, type FactsKey, type PageRequest, type Tx, type UsedWindow } from '#libs/store';
import type { z } from 'zod';
import { partOf } from '../call/page.js';
import { iso } from '../call/scalars.js';
import { countsOf, priced } from './explain.priced.js';
import type { explainedRequestView } from './explain.view.js';
import { instancesOf, type BornThen } from './window.bearers.js';

type Shown = z.input<typeof explainedRequestView>;

/** Builds of a window of a service bear it. */
export async function explainBuilds(
  tx: Tx,
  { key, plan, item }: { key: FactsKey; plan: PricePlan; item: string },
  page: PageRequest,
): Promise<Shown[]> {
  const builds = await findWindowBuilds(tx, key);
  return partOf(builds, page).map((build) => {
    const used = usageOfBuild(plan, build, key.priceZone);
    return {
      id: build.id,
      request: build.id,
      ...countsOf(used),
      opened: [],
      ...priced({ plan, item }, used),
    };
  });
}

/** Instances of a window bear its time of instances: each stretch in a state, with what of it counts, in whole quanta. */
export async function explainInstances(
  tx: Tx,
  of: {
    key: WindowKey;
    plan: PricePlan;
    item: string;
    meter: Meter;
    window: UsedWindow;
    then?: BornThen | undefined;
  },
  page: PageRequest,
): Promise<Shown[]> {
  const { key, plan, item, meter, window, then } = of;
  const named = (await instancesOf(tx, key, { plan, meter }, then)).map((share) => {
    const [clusterId = '', instance = ''] = share.instanceId.split(' ');
    return { ...share, instance, id: `${clusterId}-${share.startMs}-${instance}` };
  });
  return partOf(named, page).map(({ id, instance, startMs, endMs, state, ms }) => {
    const used: CountedUsage = { ...window, ...NO_REQUEST, metered: new Map([[meterKey(meter), ms]]) };
    return {
      ...{ id, request: instance, ...countsOf(used), opened: [] },
      stretch: { from: iso(startMs), to: iso(endMs), state, ms: String(ms) },
      ...priced({ plan, item }, used),
    };
  });
}

const NO_REQUEST = { requests: 0n, blocks: 0n, perRequestUnits: 0n, responseBytes: 0n };
