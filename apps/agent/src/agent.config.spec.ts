import { settingsHandedOn } from '#libs/testing';
import { agentSchema } from './agent.config.js';

it('is handed on every setting that it reads, and contracts/README.md lists no other of it', () => {
  expect(settingsHandedOn('agent')).toEqual(Object.keys(agentSchema.shape).sort());
});
