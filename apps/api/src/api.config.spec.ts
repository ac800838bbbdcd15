import { settingsHandedOn } from '#libs/testing';
import { apiConfigSchema } from './api.config.js';

it('is handed on every setting that it reads, and contracts/README.md lists no other of it', () => {
  expect(settingsHandedOn('api')).toEqual(Object.keys(apiConfigSchema.shape).sort());
});
