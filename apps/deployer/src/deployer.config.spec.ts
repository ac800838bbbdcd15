import { settingsHandedOn } from '#libs/testing';
import { deployerConfigSchema } from './deployer.config.js';

it('is handed on every setting that it reads, and contracts/README.md lists no other of it', () => {
  expect(settingsHandedOn('deployer')).toEqual(Object.keys(deployerConfigSchema.shape).sort());
});
