import { LATEST } from './service.names.js';
import type { TrafficTarget } from './service.types.js';

/** Gives every line that says `latest` the revision that is newest and ready today, and adds up what then repeats. */
export function pinLatest(traffic: readonly TrafficTarget[], readyRevision: string): TrafficTarget[] {
  const pinned = traffic.map((line) =>
    line.revision === LATEST ? { ...line, revision: readyRevision } : line,
  );
  const merged: TrafficTarget[] = [];
  for (const line of pinned) {
    const same = merged.findIndex((other) => other.revision === line.revision && other.tag === line.tag);
    const old = merged[same];
    if (old === undefined) merged.push(line);
    else merged[same] = { ...old, percent: old.percent + line.percent };
  }
  return merged;
}

/** Whether what is newest and ready gets requests, by percent or by a tag's host. */
export function followsLatest(traffic: readonly TrafficTarget[]): boolean {
  return traffic.some(({ revision }) => revision === LATEST);
}

/** Puts a tag on the newest revision by a line of its own at 0 percent; the tag leaves the line that had it. */
export function tagLatest(traffic: readonly TrafficTarget[], tag: string): TrafficTarget[] {
  return [...withoutTag(traffic, tag), { revision: LATEST, percent: 0, tag }];
}

/** Takes a tag away: a line of 0 percent goes, another keeps its percent. */
function withoutTag(traffic: readonly TrafficTarget[], tag: string): TrafficTarget[] {
  const kept = traffic.flatMap((line) => {
    if (line.tag !== tag) return [line];
    return line.percent === 0 ? [] : [{ revision: line.revision, percent: line.percent }];
  });
  return pinLatest(kept, LATEST);
}

/** Whether two splits ask for the same, line by line. */
export function sameTraffic(one: readonly TrafficTarget[], other: readonly TrafficTarget[]): boolean {
  const text = (lines: readonly TrafficTarget[]): string =>
    lines
      .map((line) => `${line.revision} ${line.percent} ${line.tag ?? ''}`)
      .sort()
      .join('\n');
  return text(one) === text(other);
}
