import type { Clock } from '#libs/domain';
import { crashPoint } from '#libs/process';
import type { Lease } from '#libs/store';
import type { Projection } from '../projection/projection.js';
import { changesOf, type Tools } from './draft.js';
import { epochToRaiseAbove } from './epoch.js';
import type { Observer } from './observer.js';
import type { Records } from './ports.js';
import { decide } from './steps.js';

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
    const above = epochToRaiseAbove(seen);
    if (above !== undefined) {
      await this.records.raiseEpoch(lease, above);
      return 0;
    }
    const draft = decide(seen, { ...this.tools, now: this.clock.now() });
    const changes = changesOf(draft);
    if (changes) {
      await this.records.write(lease, draft.service, changes);
      crashPoint('deployer.decided');
    }
    const shown = await this.projection.show(draft);
    return shown > 0 ? 0 : draft.again;
  }
}
