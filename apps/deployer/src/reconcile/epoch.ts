import { compareVersions } from '#libs/domain';
import type { Seen } from './seen.js';

/**
 * The epoch this hub must rise above before it writes: one from outside that is higher than its own, or its own when
 * agents were shown a newer target than the rows know. Either means that the hub was restored from a backup.
 */
export function epochToRaiseAbove({ records, reports, shownTargets }: Seen): number | undefined {
  const seen = [...reports.values(), ...[...shownTargets.values()].map(({ value }) => value)];
  const highest = Math.max(0, ...seen.map(({ epoch }) => epoch));
  if (highest > records.hubEpoch) return highest;
  const behind = records.targets.some(({ target }) => {
    // The row as the next pass writes it: once the hub's epoch is above, the row is ahead again.
    const own = { generation: target.generation, epoch: Math.max(target.epoch, records.hubEpoch) };
    const others = [reports.get(target.clusterId), shownTargets.get(target.clusterId)?.value];
    return others.some((other) => other !== undefined && compareVersions(other, own) > 0);
  });
  return behind ? records.hubEpoch : undefined;
}
