import type { TrafficTarget } from '#libs/domain';
import { usageError } from '../exit.js';
import { parsePairs } from './pairs.js';

/** What `update-traffic` was told to do with the split and the tags. */
export interface TrafficFlags {
  toRevisions?: Map<string, number> | undefined;
  toLatest?: boolean | undefined;
  setTags?: Map<string, string> | undefined;
  updateTags?: Map<string, string> | undefined;
  removeTags?: string[] | undefined;
  clearTags?: boolean | undefined;
}

/** `r=90,LATEST=10`: percent by revision; gcloud's LATEST is our `latest`. */
export function parsePercents(text: string): Map<string, number> {
  const percents = new Map<string, number>();
  for (const [revision, percent] of parsePairs(text, '--to-revisions')) {
    if (!/^\d{1,3}$/.test(percent) || Number(percent) > 100) {
      throw usageError(`--to-revisions: "${percent}" of ${revision} is not a whole percent from 0 to 100.`);
    }
    percents.set(revisionName(revision), Number(percent));
  }
  return percents;
}

/** `tag=revision,…`. */
export function parseTags(flag: string): (text: string) => Map<string, string> {
  return (text) =>
    new Map([...parsePairs(text, flag)].map(([tag, revision]) => [tag, revisionName(revision)]));
}

/** The new split: percent lines first, then one line of 0 % for each tag. */
export function changedTraffic(current: readonly TrafficTarget[], flags: TrafficFlags): TrafficTarget[] {
  const percents = [...changedPercents(percentsOf(current), flags)].filter(([, percent]) => percent > 0);
  const lines: TrafficTarget[] = percents.map(([revision, percent]) => ({ revision, percent }));
  const tags = [...changedTags(current, flags)].map(([tag, revision]) => ({ revision, percent: 0, tag }));
  return [...lines, ...tags];
}

function changedPercents(current: Map<string, number>, flags: TrafficFlags): Map<string, number> {
  if (flags.toLatest === true) return new Map([['latest', 100]]);
  if (flags.toRevisions === undefined) return current;
  const given = sum(flags.toRevisions);
  if (given > 100) throw usageError(`--to-revisions: the percents sum to ${given}, more than 100.`);
  if (given === 100) return flags.toRevisions;
  const others = new Map([...current].filter(([revision]) => flags.toRevisions?.has(revision) !== true));
  if (sum(others) === 0) {
    throw usageError(
      `--to-revisions: the percents sum to ${given}, and no other revision has traffic to take the rest.`,
      'Name percents that sum to 100.',
    );
  }
  return new Map([...flags.toRevisions, ...share(others, 100 - given)]);
}

/** Shares `total` percent in the old proportions, in whole percents (largest remainder first). */
function share(old: Map<string, number>, total: number): Map<string, number> {
  const whole = sum(old);
  const exact = [...old].map(([revision, percent]) => ({ revision, part: (percent * total) / whole }));
  const shared = new Map(exact.map(({ revision, part }) => [revision, Math.floor(part)]));
  const byRemainder = exact.toSorted((a, b) => (b.part % 1) - (a.part % 1));
  for (const { revision } of byRemainder.slice(0, total - sum(shared))) {
    shared.set(revision, (shared.get(revision) ?? 0) + 1);
  }
  return shared;
}

function changedTags(current: readonly TrafficTarget[], flags: TrafficFlags): Map<string, string> {
  if (flags.setTags !== undefined) return flags.setTags;
  const kept = current.flatMap(({ tag, revision }) => (tag === undefined ? [] : [[tag, revision] as const]));
  const tags = new Map(flags.clearTags === true ? [] : kept);
  for (const [tag, revision] of flags.updateTags ?? []) tags.set(tag, revision);
  for (const tag of flags.removeTags ?? []) {
    if (!tags.delete(tag)) throw usageError(`--remove-tags: no line of the traffic has the tag "${tag}".`);
  }
  return tags;
}

function percentsOf(traffic: readonly TrafficTarget[]): Map<string, number> {
  const percents = new Map<string, number>();
  for (const { revision, percent } of traffic)
    percents.set(revision, (percents.get(revision) ?? 0) + percent);
  return percents;
}

function sum(percents: Map<string, number>): number {
  return [...percents.values()].reduce((all, one) => all + one, 0);
}

function revisionName(text: string): string {
  return text === 'LATEST' ? 'latest' : text;
}
