import type { PeopleAnswer } from '#libs/bus';
import { z } from 'zod';
import { iso } from '../call/scalars.js';
import { showSignedIn, signedInView } from '../session/session.view.js';

export const newDeviceView = z
  .object({
    deviceCode: z.string().describe('What the device polls with; shown to nobody.'),
    userCode: z.string().describe('What a signed-in person types, e.g. with `tow approve`.'),
    expiresAt: z.string(),
    intervalSeconds: z.number().describe('How long to wait between polls.'),
  })
  .meta({ id: 'NewDevice' });

export const polledDeviceView = z
  .object({
    status: z.enum(['pending', 'slow_down', 'denied', 'expired', 'approved']).meta({ id: 'DevicePoll' }),
    intervalSeconds: z.number().optional(),
    session: signedInView.optional().describe('Given once, when it was approved.'),
  })
  .meta({ id: 'PolledDevice' });

export const deviceView = z
  .object({
    code: z.string(),
    status: z.enum(['pending', 'approved', 'denied', 'used']).meta({ id: 'DeviceStatus' }),
    client: z.string(),
    address: z.string(),
    createdAt: z.string(),
    expiresAt: z.string(),
  })
  .meta({ id: 'Device', description: 'A device that waits to act as you.' });

export function showNewDevice(made: PeopleAnswer<'start-device'>): z.infer<typeof newDeviceView> {
  const { deviceCode, userCode, expiresAt, intervalMs } = made;
  return { deviceCode, userCode, expiresAt: iso(expiresAt), intervalSeconds: intervalMs / 1000 };
}

export function showPoll(polled: PeopleAnswer<'poll-device'>): z.infer<typeof polledDeviceView> {
  const { status, intervalMs, signedIn } = polled;
  return {
    status,
    ...(intervalMs === undefined ? {} : { intervalSeconds: intervalMs / 1000 }),
    ...(signedIn ? { session: showSignedIn(signedIn) } : {}),
  };
}

export function showDevice(device: PeopleAnswer<'show-device'>): z.infer<typeof deviceView> {
  const { userCode: code, status, client, address, createdAt, expiresAt } = device;
  return { code, status, client, address, createdAt: iso(createdAt), expiresAt: iso(expiresAt) };
}
