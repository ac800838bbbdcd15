import type { Clock } from '#libs/domain';
import { crashPoint } from '#libs/process';
import type { Lease } from '#libs/store';
import type { Projection } from '../projection/projection.js';
import { changesOf, type Draft, type Tools } from './draft.js';
import { epochToRaiseAbove } from './epoch.js';
import type { Observer } from './observer.js';
import type { Records } from './ports.js';
import { isHeld } from './hold.js';
import type { Seen } from './seen.js';
import { decide, decideHeld } from './steps.js';

/** How soon a held service is looked at again, when nothing wakes it: an operator may have spoken. */
const HELD_LOOK_MS = 5_000;

/** When to look again; undefined: when something wakes it. */
export type Again = number | undefined;

/**
 * Brings one service nearer to its intent: look, decide, write rows once, show them. Every part may fail or be cut
 * off; the next pass starts from what is there.
 */
export class Reconciler {
  constructor(
    private readonly observer: Observer,
    private readonly records: Records,
    private readonly projection: Projection,
    private readonly clock: Clock,
    private readonly tools: Omit<Tools, 'now'>,
  ) {}

  async reconcile(serviceId: string, lease: Lease): Promise<Again> {
    const seen = await this.observer.look(serviceId);
    if (!seen) return undefined;
    const held = isHeld(seen) && isHeld(await this.observer.confirm(seen));
    if (held) return this.hold(seen, lease);
    const above = epochToRaiseAbove(seen);
    if (above !== undefined) {
      await this.records.raiseEpoch(lease, above);
      return 0;
    }
    const draft = await this.decideAndWrite(seen, lease);
    const shown = await this.projection.show(draft);
    if (shown > 0) return 0;
    if (seen.records.held !== undefined) await this.records.note(lease, draft.service, false);
    return draft.again;
  }

  /** Decides anew where the cap has no room for the build that was to begin: then none is. */
  private async decideAndWrite(seen: Seen, lease: Lease): Promise<Draft> {
    const draft = decide(seen, { ...this.tools, now: this.clock.now() });
    const changes = changesOf(draft);
    if (!changes) return draft;
    const capped = await this.records.write(lease, draft.service, changes);
    if (capped) return this.decideAndWrite({ ...seen, capped }, lease);
    crashPoint('deployer.decided');
    return draft;
  }

  /** Says so, ends what was asked for, and touches nothing that clusters and gateways hold. */
  private async hold(seen: Seen, lease: Lease): Promise<Again> {
    const { service } = seen.records;
    if (seen.records.held === undefined) await this.records.note(lease, service, true);
    const changes = changesOf(decideHeld(seen, { ...this.tools, now: this.clock.now() }));
    if (changes) await this.records.write(lease, service, changes);
    return HELD_LOOK_MS;
  }
}
