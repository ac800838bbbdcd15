import { deleteEveryService, writeServicesChanged } from '#libs/store';
import type { EraseStep } from './erase.step.js';

/** Every service is deleted as a customer would, and waited for: hosts, instances and what clusters keep of it. */
export const removeServices: EraseStep = ({ clock, random }, { organizationId }) =>
  Promise.resolve(async (tx) => {
    const now = clock.now();
    const { deleted, standing } = await deleteEveryService(tx, organizationId, now);
    await writeServicesChanged(tx, organizationId, deleted, { now, random });
    const done = standing === 0;
    const message = done ? 'No service is left.' : `${standing} services are being removed.`;
    return { done, message, stores: [] };
  });
