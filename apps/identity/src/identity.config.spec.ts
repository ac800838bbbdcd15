import { settingsHandedOn } from '#libs/testing';
import { identityConfigSchema } from './identity.config.js';

it('is handed on every setting that it reads, and contracts/README.md lists no other of it', () => {
  expect(settingsHandedOn('identity')).toEqual(Object.keys(identityConfigSchema.shape).sort());
});
