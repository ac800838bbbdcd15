import { billedByService, marginsByCluster, monthOf, type Organization } from '#libs/domain';
import {
  asOrganization,
  findBillFacts,
  findInstanceTime,
  listOrganizations,
  type PageRequest,
} from '#libs/store';
import type { z } from 'zod';
import type { Call } from '../call/call.js';
import { showClusterMargin, showGpuTime, type marginView } from './margin.view.js';

type Margin = z.infer<typeof marginView>;

/** What each organization brought and cost in a month; this month as far as it is known. */
export async function listMargins(
  call: Call,
  input: { month?: string | undefined },
  page: PageRequest,
): Promise<Margin[]> {
  const { tx, actor, now } = call;
  const month = input.month ?? monthOf(now);
  const margins: Margin[] = [];
  for (const organization of await listOrganizations(tx, page)) {
    const work = (): Promise<Margin> => marginOfOne(call, organization, month);
    margins.push(await asOrganization(tx, organization.id, actor.organizationId, work));
  }
  return margins;
}

async function marginOfOne({ tx }: Call, { id, name }: Organization, month: string): Promise<Margin> {
  const { parts } = await findBillFacts(tx, id, month);
  const ran = await findInstanceTime(tx, id, month);
  const currency = parts.at(-1)?.plan.currency ?? '';
  const names = new Map(ran.map(({ clusterId, cluster }) => [clusterId, cluster]));
  const found = marginsByCluster(billedByService(parts), ran, currency);
  const clusters = found.map((one) => showClusterMargin(one, one.clusterId && names.get(one.clusterId)));
  return { id, name, month, currency, clusters, gpus: showGpuTime(found) };
}
