import { listTrafficChanges as listStored, type PageRequest } from '#libs/store';
import type { z } from 'zod';
import type { Call } from '../call/call.js';
import { serviceOf, type ServiceRef } from '../service/service.queries.js';
import { showTraffic } from '../service/service.view.js';
import { showTrafficChange, type trafficView } from './traffic.view.js';

export async function getTraffic(call: Call, input: ServiceRef): Promise<z.infer<typeof trafficView>> {
  const { service, project } = await serviceOf(call, input);
  return {
    traffic: showTraffic(service, project, call.parts.installation),
    intent: service.traffic,
    version: String(service.version),
  };
}

/** Newest first. */
export async function listTrafficChanges(
  call: Call,
  input: ServiceRef,
  page: PageRequest,
): Promise<ReturnType<typeof showTrafficChange>[]> {
  const { service } = await serviceOf(call, input);
  return (await listStored(call.tx, service.organizationId, service.id, page)).map(showTrafficChange);
}
