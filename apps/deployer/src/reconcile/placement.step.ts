import { CONTAINERS, containerFields, place } from '#libs/domain';
import type { Cluster, PublicError } from '#libs/domain';
import type { Draft } from './draft.js';

/** How many clusters hold a service; more when regions and fail-over come. */
const COPIES = 1;

/** Owns Placed: decides which clusters hold the service and stores the decision with its reasons. */
export function placementStep(draft: Draft): void {
  if (draft.revisions.length === 0) {
    draft.say('PlacementPending');
    return draft.state('placement', 'running', 'Waits for the first revision.');
  }
  const { service, records, now } = draft;
  const runtime = runtimeOf(draft);
  const decision = place(
    {
      serviceId: service.id,
      copies: COPIES,
      present: draft.placed,
      capabilities: capabilitiesOf(draft),
      ...(runtime ? { runtime } : {}),
    },
    records.clusters,
    now,
  );
  if (decision.clusterIds.length === 0) return refuse(draft, decision.reasons);
  if (decision.clusterIds.join() !== draft.placed.join()) {
    draft.placement = { serviceId: service.id, ...decision, decidedAt: now };
  }
  const names = decision.clusterIds.map((id) => nameOf(records.clusters, id)).join(', ');
  draft.say('Chosen', { message: `Held by ${names}.` });
  draft.state('placement', 'succeeded', `Held by ${names}.`);
}

/** An image runs where it was built: on the runtime of the cluster that built it. */
function runtimeOf({ build, records }: Draft): Cluster['runtime'] | undefined {
  return records.clusters.find((cluster) => cluster.id === build?.clusterId)?.runtime;
}

function capabilitiesOf({ revisions }: Draft): string[] {
  return revisions.some(({ spec }) => containerFields(spec).length > 0) ? [CONTAINERS] : [];
}

function refuse(draft: Draft, reasons: readonly { clusterId: string; reason: string }[]): void {
  const said = reasons.map(
    ({ clusterId, reason }) => `${nameOf(draft.records.clusters, clusterId)}: ${reason}`,
  );
  const why = said.length === 0 ? 'no cluster exists' : said.join('; ');
  const error: PublicError = {
    code: 'PLACEMENT_FAILED',
    message: `No cluster can hold the service (${why}).`,
    nextStep: 'An operator must join a cluster that fits, or bring one back.',
  };
  draft.wakeIn(5_000);
  draft.say('NoCluster', { message: error.message });
  draft.state('placement', 'running', error.message, error);
}

function nameOf(clusters: readonly Cluster[], id: string): string {
  return clusters.find((cluster) => cluster.id === id)?.name ?? id;
}
