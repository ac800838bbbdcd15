import {
  advanceErasure,
  newId,
  nextErasureStep,
  same,
  type Erasure,
  type ErasureStepName,
  type Id,
} from '#libs/domain';
import { Loop } from '#libs/process';
import {
  LeaseLost,
  endedHolds,
  insertAudit,
  openErasures,
  saveErasure,
  startErasure,
  underLease,
  type Lease,
  type Tx,
} from '#libs/store';
import type { EraseStep, EraserParts } from './erase.step.js';
import { eraseBlobs } from './blobs.step.js';
import { eraseMessages } from './messages.step.js';
import { eraseTables } from './rows.step.js';
import { removeServices } from './services.step.js';

const STEPS: Readonly<Record<ErasureStepName, EraseStep>> = {
  services: removeServices,
  messages: eraseMessages,
  blobs: eraseBlobs,
  rows: eraseTables,
};

const LOOK_MS = 1_000;
/** Who acts when nobody asked: the hold has ended. */
const TOWPATH = 'towpath';

/**
 * Erases organizations: starts when a hold has ended, and takes each open erasure a step further. Every step may be cut
 * off anywhere and is done again from what is there.
 */
export class Eraser {
  private readonly loop: Loop;

  constructor(private readonly parts: EraserParts) {
    this.loop = new Loop('erasures', LOOK_MS, () => this.look(), parts.logger);
  }

  start(): void {
    this.loop.start();
  }

  stop(): Promise<void> {
    return this.loop.stop();
  }

  async look(): Promise<void> {
    await this.parts.db.asSystem((tx) => this.begin(tx));
    for (const erasure of await this.parts.db.asSystem((tx) => openErasures(tx))) {
      const lease = this.parts.holding(erasure.organizationId);
      if (lease) await this.advance(erasure, lease);
    }
  }

  private async begin(tx: Tx): Promise<void> {
    const startedAt = this.parts.clock.now();
    for (const organizationId of await endedHolds(tx, startedAt)) {
      await startErasure(tx, { organizationId, requestedBy: TOWPATH, startedAt });
      await this.audit(tx, organizationId, 'organizations.erase');
    }
  }

  private async advance(erasure: Erasure, lease: Lease): Promise<void> {
    const { db, clock } = this.parts;
    const step = nextErasureStep(erasure, clock.now());
    if (step === undefined) return;
    const finish = await STEPS[step](this.parts, erasure);
    try {
      await underLease(db, lease, async (tx) => {
        const after = advanceErasure(erasure, step, await finish(tx), clock.now());
        if (same(after, erasure)) return;
        await saveErasure(tx, after);
        if (after.finishedAt !== undefined)
          await this.audit(tx, erasure.organizationId, 'organizations.erased');
      });
      if (step === 'services') await db.notify('outbox');
    } catch (error) {
      // Another replica goes on.
      if (!(error instanceof LeaseLost)) throw error;
    }
  }

  private async audit(tx: Tx, organizationId: Id<'org'>, action: string): Promise<void> {
    const { clock, random } = this.parts;
    const time = clock.now();
    const row = { id: newId('aud', time, random), organizationId, time, actorId: TOWPATH };
    await insertAudit(tx, { ...row, action, object: organizationId, requestId: TOWPATH });
  }
}
