import type { LogEntry } from '#libs/bus';
import { z } from 'zod';
import { iso } from '../call/scalars.js';

export const logEntryView = z
  .object({
    time: z.string(),
    stream: z.enum(['stdout', 'stderr', 'build', 'request', 'system']).meta({ id: 'LogStream' }),
    revision: z.string().optional(),
    instance: z.string().optional(),
    container: z.string().optional().describe('The sidecar that wrote it.'),
    text: z.string(),
    request: z
      .object({
        id: z.string(),
        method: z.string(),
        path: z.string(),
        status: z.int(),
        durationMs: z.number(),
        firstByteMs: z.number().optional(),
        userAgent: z.string().optional(),
        address: z.string().optional(),
        traceId: z.string().optional(),
      })
      .meta({ id: 'LogRequest' })
      .optional(),
  })
  .meta({ id: 'LogEntry', description: "A line of an instance's output, of a build, or a request." });

export function showLogEntry(entry: LogEntry): z.infer<typeof logEntryView> {
  const { sequence: _order, time, ...rest } = entry;
  return { ...rest, time: iso(time) };
}
