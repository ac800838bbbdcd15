import type { TrafficChange } from '#libs/domain';
import { z } from 'zod';
import { iso } from '../call/scalars.js';
import { trafficStatusView, trafficTargetView } from '../service/service.view.js';

export const trafficView = z
  .object({
    traffic: z.array(trafficStatusView).describe('In force, `latest` resolved.'),
    intent: z.array(trafficTargetView).describe('As asked.'),
    version: z.string().describe("The service's version."),
  })
  .meta({ id: 'Traffic' });

export const trafficChangeView = z
  .object({
    number: z.int(),
    actor: z.string(),
    from: z.array(trafficTargetView),
    to: z.array(trafficTargetView),
    createdAt: z.string(),
  })
  .meta({ id: 'TrafficChange', description: 'A numbered, immutable record of a change of traffic.' });

export function showTrafficChange(change: TrafficChange): z.infer<typeof trafficChangeView> {
  const { number, actorId, from, to, createdAt } = change;
  return { number, actor: actorId, from, to, createdAt: iso(createdAt) };
}
