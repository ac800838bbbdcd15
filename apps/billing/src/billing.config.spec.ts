import { settingsHandedOn } from '#libs/testing';
import { billingConfigSchema } from './billing.config.js';

it('is handed on every setting that it reads, and contracts/README.md lists no other of it', () => {
  expect(settingsHandedOn('billing')).toEqual(Object.keys(billingConfigSchema.shape).sort());
});
