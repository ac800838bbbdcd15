import { TowpathError, refuseIfAny, validateTraffic, type Service, type TrafficTarget } from '#libs/domain';
import { findTrafficChange, listTrafficChanges } from '#libs/store';
import type { CommandCall } from '../call/call.js';
import type { OperationView } from '../operation/operation.view.js';
import { lockForChange, writeIntent } from '../service/service.change.js';
import { checkSplitGpus } from '../service/gpu.checks.js';
import { unknownRevisions } from '../service/service.checks.js';
import { serviceOf, type ServiceRef } from '../service/service.queries.js';

/** Asks for another split. It touches no cluster when its revisions still stand ready. */
export async function setTraffic(
  call: CommandCall,
  input: ServiceRef & { traffic: TrafficTarget[]; version?: string | undefined },
): Promise<OperationView> {
  const { service, project } = await serviceOf(call, input);
  const before = await lockForChange(call, service, input.version);
  const { traffic } = input;
  refuseIfAny([
    ...validateTraffic(traffic, before.name),
    ...(await unknownRevisions(call, project, traffic, before.id)),
  ]);
  await checkSplitGpus(call, project, before, traffic, 'traffic');
  return writeIntent(call, project, before, { ...before, traffic }, 'traffic');
}

/** Restores a former split: the one before the last change, or the one that row `to` had set. */
export async function rollback(
  call: CommandCall,
  input: ServiceRef & { to?: number | undefined; version?: string | undefined },
): Promise<OperationView> {
  const { service, project } = await serviceOf(call, input);
  const before = await lockForChange(call, service, input.version);
  const traffic =
    input.to === undefined ? await formerSplit(call, before) : await splitOf(call, before, input.to);
  await checkSplitGpus(call, project, before, traffic, 'to');
  return writeIntent(call, project, before, { ...before, traffic }, 'rollback');
}

async function splitOf(call: CommandCall, service: Service, number: number): Promise<TrafficTarget[]> {
  const change = await findTrafficChange(call.tx, service.organizationId, service.id, number);
  if (change) return change.to;
  const message = `there is no change number ${number} of this service's traffic`;
  throw new TowpathError('INVALID_ARGUMENT', `to: ${message}`, { violations: [{ field: 'to', message }] });
}

/** Every deploy that moves traffic is a row too, so the last row tells what served before. */
async function formerSplit(call: CommandCall, { organizationId, id }: Service): Promise<TrafficTarget[]> {
  const [last] = await listTrafficChanges(call.tx, organizationId, id, { limit: 1 });
  if (last && last.from.length > 0) return last.from;
  throw new TowpathError('FAILED_PRECONDITION', 'There is no former split to go back to.', {
    nextStep: 'Name the revisions with a change of traffic.',
  });
}
