import { readyCondition, same, serviceUrl, withCondition } from '#libs/domain';
import type { Condition, ServiceStatus } from '#libs/domain';
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
    conditions: conditionsOf(draft),
  };
  if (!same(status, service.status)) draft.status = status;
}

function conditionsOf(draft: Draft): Condition[] {
  const found = draft.conditions.reduce<Condition[]>(withCondition, service(draft));
  return withCondition(found, readyCondition(found, draft.now));
}

const service = (draft: Draft): Condition[] => draft.service.status.conditions;

function urlOf({ service: { name }, records, tools }: Draft, tag?: string): string {
  return serviceUrl(tag, name, records.projectHandle, tools.domain, tools.origin);
}
