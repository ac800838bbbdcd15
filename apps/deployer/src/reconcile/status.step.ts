import { readyCondition, same, serviceUrl, withCondition } from '#libs/domain';
import type { Condition, PlacementVerdict, ServiceStatus } from '#libs/domain';
import type { Draft } from './draft.js';

/** Puts together what the other steps found: the one status write of a pass. */
export function statusStep(draft: Draft): void {
  const { service, latestReady } = draft;
  const latestCreated = draft.revisions.at(-1)?.name;
  const status: ServiceStatus = {
    observedGeneration: service.generation,
    url: urlOf(draft),
    ...(latestCreated === undefined ? {} : { latestCreatedRevision: latestCreated }),
    ...(latestReady === undefined ? {} : { latestReadyRevision: latestReady }),
    traffic: draft.split.map((line) =>
      line.tag === undefined ? line : { ...line, url: urlOf(draft, line.tag) },
    ),
    ...verdictsOf(draft),
    conditions: conditionsOf(draft),
  };
  if (!same(status, service.status)) draft.status = status;
}

function conditionsOf(draft: Draft): Condition[] {
  const found = draft.conditions.reduce<Condition[]>(withCondition, service(draft));
  return withCondition(found, readyCondition(found, draft.now));
}

/** Of clusters that are there now; a status that was written before there was a placement has none. */
function verdictsOf({ placement, records, routes }: Draft): { placements?: PlacementVerdict[] } {
  if (placement === undefined) return {};
  const doors = routes.flatMap(({ backends }) => backends.flatMap((backend) => backend.doors));
  const placements = placement.reasons.flatMap(({ clusterId, chosen, reason }) =>
    records.clusters
      .filter(({ id }) => id === clusterId)
      .map(({ name, region }) => {
        const serves = doors.some((door) => door.clusterId === clusterId);
        return { cluster: name, region, chosen, serves, reason };
      }),
  );
  return { placements: placements.toSorted((a, b) => (a.cluster < b.cluster ? -1 : 1)) };
}

const service = (draft: Draft): Condition[] => draft.service.status.conditions;

function urlOf({ service: { name }, records, tools }: Draft, tag?: string): string {
  return serviceUrl(tag, name, records.projectHandle, tools.domain, tools.origin);
}
