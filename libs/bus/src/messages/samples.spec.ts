import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import type { z } from 'zod';
import { decode } from '../codec.js';
import {
  buildStatusSchema,
  buildTargetSchema,
  callerKeysSchema,
  clusterStatusSchema,
  gatewayStatusSchema,
  gpuClassesSchema,
  logBatchSchema,
  routeSchema,
  routesMarkSchema,
  sealedSecretSchema,
  targetSchema,
  targetStatusSchema,
  usageBatchSchema,
} from './messages.js';
import { CAP_ASK } from './cap.messages.js';
import { CLOCK_ASK } from './clock.messages.js';
import { instanceBatchSchema } from './instance.messages.js';
import { LOOK_ASK } from './deployer.messages.js';
import { NOTICE_EVENTS } from './notice.messages.js';
import { PEOPLE_ASKS } from './people.messages.js';

const FOLDER = path.resolve(import.meta.dirname, '../../../../contracts/messages');
const SCHEMAS: Record<string, z.ZodType> = {
  'build-status': buildStatusSchema,
  'build-target': buildTargetSchema,
  'cluster-status': clusterStatusSchema,
  'caller-keys': callerKeysSchema,
  'cap-answer': CAP_ASK.answer,
  'cap-request': CAP_ASK.request,
  'clock-answer': CLOCK_ASK.answer,
  'clock-request': CLOCK_ASK.request,
  'deployer-look-answer': LOOK_ASK.answer,
  'deployer-look-request': LOOK_ASK.request,
  'gateway-status': gatewayStatusSchema,
  'gpu-classes': gpuClassesSchema,
  'instance-batch': instanceBatchSchema,
  'log-batch': logBatchSchema,
  route: routeSchema,
  'routes-mark': routesMarkSchema,
  'sealed-secret': sealedSecretSchema,
  target: targetSchema,
  'target-status': targetStatusSchema,
  'usage-batch': usageBatchSchema,
  ...Object.fromEntries(
    Object.entries(NOTICE_EVENTS).map(([type, schema]) => [`event-${type.replace('.', '-')}`, schema]),
  ),
  ...Object.fromEntries(
    Object.entries(PEOPLE_ASKS).flatMap(([verb, { request, answer }]): [string, z.ZodType][] => [
      [`identity-${verb}-request`, request],
      [`identity-${verb}-answer`, answer],
    ]),
  ),
};

const GOLDEN = path.resolve(FOLDER, '../golden');

const files = readdirSync(FOLDER).sort();
const messageOf = (file: string): string => file.replace(/\.\d+\.json$/, '');

describe('contracts/messages', () => {
  it('holds samples of every message, and of no other', () => {
    expect([...new Set(files.map(messageOf))].sort()).toEqual(Object.keys(SCHEMAS).sort());
  });

  it.each(files)('%s is read whole by its schema', (file) => {
    const bytes = readFileSync(path.join(FOLDER, file));
    const schema = SCHEMAS[messageOf(file)] as z.ZodType;
    expect(decode(schema, bytes)).toEqual(JSON.parse(bytes.toString()));
  });
});

describe('messages of former releases', () => {
  const kept = readdirSync(GOLDEN).flatMap((release) =>
    readdirSync(path.join(GOLDEN, release, 'messages')).map((file) => [release, file] as const),
  );

  it.each(kept)('%s %s is still read, and says the same', (release, file) => {
    const bytes = readFileSync(path.join(GOLDEN, release, 'messages', file));
    const schema = SCHEMAS[messageOf(file)] as z.ZodType;
    expect(decode(schema, bytes)).toMatchObject(JSON.parse(bytes.toString()) as object);
  });
});
