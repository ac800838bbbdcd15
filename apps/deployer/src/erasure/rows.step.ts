import { eraseRows } from '#libs/store';
import type { EraseStep } from './erase.step.js';

/** Every table, in one transaction. What stays holds ids, times and numbers. */
export const eraseTables: EraseStep = (_parts, { organizationId }) =>
  Promise.resolve(async (tx) => ({
    done: true,
    message: 'Usage and audit stay, by ids only.',
    stores: await eraseRows(tx, organizationId),
  }));
