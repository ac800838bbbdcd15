import type { Clock } from '#libs/domain';
import { z } from 'zod';
import { loadConfig } from './config.js';
import { armCrashPoints, parseCrashPoints } from './crash-point.js';
import { systemClock } from './time.js';

const LONGEST_OFFSET_SECONDS = 10 * 365 * 86_400;

const faultSchema = z
  .object({
    NODE_ENV: z.string().optional(),
    TOWPATH_CRASH_POINT: z
      .string()
      .refine((text) => parseCrashPoints(text) !== undefined)
      .optional(),
    TOWPATH_CLOCK_OFFSET_SECONDS: z
      .string()
      .transform((text) => text.split(',').map(Number))
      .pipe(z.array(z.number().int().min(-LONGEST_OFFSET_SECONDS).max(LONGEST_OFFSET_SECONDS)).nonempty())
      .optional(),
  })
  .superRefine(({ NODE_ENV: mode, ...faults }, context) => {
    if (mode !== 'production') return;
    for (const [name, value] of Object.entries(faults))
      if (value !== undefined)
        context.addIssue({ code: 'custom', path: [name], message: 'not in production' });
  });

/**
 * Plants what the environment asks for (contracts/README.md): crash points, a clock that is wrong and jumps. Tests only.
 * @returns the clock of the process
 * @throws ConfigError for what cannot be read, and for every fault in production
 */
export function plantFaults(env: NodeJS.ProcessEnv = process.env): Clock {
  const faults = loadConfig(faultSchema, env);
  armCrashPoints(parseCrashPoints(faults.TOWPATH_CRASH_POINT ?? '') ?? []);
  const offsets = faults.TOWPATH_CLOCK_OFFSET_SECONDS;
  return offsets === undefined ? systemClock : jumpingClock(offsets);
}

function jumpingClock(offsets: readonly number[]): Clock {
  let jumps = 0;
  const offset = (): number => offsets[Math.min(jumps, offsets.length - 1)] ?? 0;
  if (offsets.length > 1) process.on('SIGUSR2', () => (jumps += 1));
  return { now: () => systemClock.now() + offset() * 1_000 };
}
