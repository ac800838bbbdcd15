import { listQuarantine, type PageRequest } from '#libs/store';
import type { Call } from '../call/call.js';
import { showQuarantined } from './quarantine.view.js';

interface Which {
  reason?: string | undefined;
  organization?: string | undefined;
  waiting: boolean;
}

export async function listQuarantined(
  { tx }: Call,
  { reason, organization: organizationId, waiting }: Which,
  page: PageRequest,
): Promise<ReturnType<typeof showQuarantined>[]> {
  return (await listQuarantine(tx, { reason, organizationId, waiting }, page)).map(showQuarantined);
}
