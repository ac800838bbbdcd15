import { settingsHandedOn } from '#libs/testing';
import { gatewayConfig } from './config.js';

it('is handed on every setting that it reads, and contracts/README.md lists no other of it', () => {
  expect(settingsHandedOn('gateway')).toEqual(Object.keys(gatewayConfig.shape).sort());
});
