import { z } from 'zod';
import { defineAsked, defineFetch, defineOpen } from '../call/definition.js';
import { reference } from '../call/scalars.js';
import { askIdentity, personOf } from '../session/identity.js';
import {
  deviceView,
  newDeviceView,
  polledDeviceView,
  showDevice,
  showNewDevice,
  showPoll,
} from './device.view.js';

const code = reference('The code that the device shows.');

/** Sign-in of a device by a person who is signed in elsewhere (RFC 8628). */
export const deviceOperations = [
  defineOpen({
    name: 'devices.start',
    rest: { method: 'POST', path: '/v1/devices', status: 201 },
    graphql: 'startDevice',
    summary: 'Ask for a sign-in that a signed-in person approves elsewhere; good for 10 minutes.',
    input: z.strictObject({}),
    output: newDeviceView,
    handler: async (call) => showNewDevice(await askIdentity(call, 'start-device', {})),
  }),
  defineOpen({
    name: 'devices.poll',
    rest: { method: 'POST', path: '/v1/devices/poll', status: 200 },
    graphql: 'pollDevice',
    summary: 'Whether the sign-in was approved; then its session, once.',
    input: z.strictObject({ deviceCode: z.string().max(100) }),
    output: polledDeviceView,
    handler: async (call, input) => showPoll(await askIdentity(call, 'poll-device', input)),
  }),
  defineFetch({
    name: 'devices.get',
    permission: 'person',
    rest: { method: 'GET', path: '/v1/devices/{code}', status: 200 },
    graphql: 'device',
    summary: 'Which device waits under a code: look at client and address before you approve.',
    input: z.strictObject({ code }),
    output: deviceView,
    handler: async (call, { code: userCode }) =>
      showDevice(await askIdentity(call, 'show-device', { userCode, person: personOf(call) })),
  }),
  defineAsked({
    name: 'devices.decide',
    permission: 'person',
    rest: { method: 'POST', path: '/v1/devices/{code}/decision', status: 200 },
    graphql: 'decideDevice',
    summary: 'Let a device act as you in the organization you act in, or refuse it.',
    input: z.strictObject({ code, approve: z.boolean() }),
    output: deviceView,
    handler: async (call, { code: userCode, approve }) =>
      showDevice(await askIdentity(call, 'decide-device', { userCode, approve, person: personOf(call) })),
  }),
];
