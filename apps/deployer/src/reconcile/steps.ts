import { buildStep } from './build.step.js';
import { Draft, type Tools } from './draft.js';
import { gatewaysStep } from './gateways.step.js';
import { holdStep } from './hold.js';
import { operationsStep } from './operations.step.js';
import { placementStep } from './placement.step.js';
import { readyStep } from './ready.step.js';
import { leaveStep, removalStep } from './removal.step.js';
import { revisionStep } from './revision.step.js';
import { deleteRoutesStep, routesStep } from './routes.step.js';
import { rolloutStep } from './rollout.step.js';
import type { Seen } from './seen.js';
import { statusStep } from './status.step.js';
import { targetsStep } from './targets.step.js';
import { trafficStep } from './traffic.step.js';

/** Each step owns one condition or one part of the draft; a later one reads what an earlier one decided. */
type Step = (draft: Draft) => void;

const STANDING: readonly Step[] = [
  buildStep,
  revisionStep,
  placementStep,
  readyStep,
  rolloutStep,
  trafficStep,
  targetsStep,
  routesStep,
  gatewaysStep,
  leaveStep,
  statusStep,
  operationsStep,
];

const DELETED: readonly Step[] = [deleteRoutesStep, gatewaysStep, removalStep, operationsStep];

/** Decides about one service: a pure function of what was seen. */
export function decide(seen: Seen, tools: Tools): Draft {
  const draft = new Draft(seen, tools);
  const steps = draft.service.deletedAt === undefined ? STANDING : DELETED;
  for (const step of steps) step(draft);
  return draft;
}

/** Decides about a service that is left as clusters have it: only what is said of it changes. */
export function decideHeld(seen: Seen, tools: Tools): Draft {
  const draft = new Draft(seen, tools);
  for (const step of [holdStep, statusStep]) step(draft);
  return draft;
}
