import { TowpathError } from '#libs/domain';
import { findErasure, startErasure } from '#libs/store';
import type { Call, CommandCall } from '../call/call.js';
import { notFound } from '../call/not-found.js';
import { inOrganization } from '../organization/organization.reach.js';
import { showErasure, type ErasureView } from './erasure.view.js';

/** Ends the hold of a closing organization now. Asked again, it is the same erasure. */
export function eraseOrganization(
  call: CommandCall,
  input: { organization: string; reason: string },
): Promise<ErasureView> {
  return inOrganization(call, input.organization, async ({ id, status }) => {
    const running = await findErasure(call.tx, id);
    if (running) return showErasure(running);
    if (status !== 'closing') {
      throw new TowpathError('FAILED_PRECONDITION', `The organization is ${status}, not closing.`, {
        nextStep: 'Close it first: tow orgs close.',
      });
    }
    const { reason } = input;
    const asked = { organizationId: id, requestedBy: call.actor.id, reason, startedAt: call.now };
    const erasure = await startErasure(call.tx, asked);
    await call.audit(id, { after: { reason } }, id);
    return showErasure(erasure);
  });
}

export function getErasure(call: Call, input: { organization: string }): Promise<ErasureView> {
  return inOrganization(call, input.organization, async ({ id }) => {
    const erasure = await findErasure(call.tx, id);
    if (!erasure) throw notFound('erasure');
    return showErasure(erasure);
  });
}
