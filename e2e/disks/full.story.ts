import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';
import { Storm } from '../support/invariants.js';
import { platform } from '../support/tenant.js';
import { until } from '../support/until.js';

const BLOCK = Buffer.alloc(4_096);
const NOTICED_MS = 60_000;
/** How long it stays full after somebody has noticed. */
const FULL_MS = 5_000;

/** Bytes of usage that wait: more than what is under way between two looks of the gateway process. */
const WAITING_BYTES = 20_000;

describe('a disk is full', () => {
  let storm: Storm;
  beforeAll(async () => {
    storm = await Storm.begin('disks');
  }, 120_000);

  it('nats: usage waits in the spool, and goes on when there is space', () =>
    survive('nats', 'usage waits', usageWaits));

  it('postgres: the API refuses, and goes on when there is space', () =>
    survive('postgres', 'the API refuses', apiRefuses));

  it('and nothing is lost, doubled or left undone', () =>
    storm.through(async () => {
      await storm.settle();
      expect(storm.failed).toEqual([]);
    }));

  it('gateway: requests are served and the gateway says so; afterwards every request is recorded again', async () => {
    const during = await Storm.begin('spool');
    await during.through(async () => {
      await full('gateway', 'the gateway is not well', async () => !(await during.faults.isWell('gateway')));
      await during.faults.allWell();
      await during.deploys.more(3);
      await during.deploys.stop();
      await during.traffic.stop();
      expect(during.failed).toEqual([]);
      const afterwards = await Storm.begin('afterwards');
      await afterwards.deploys.more(3);
      await afterwards.settle();
      const { sent, recorded } = await during.recordsOnce();
      console.log(`gateway: of ${sent} requests ${sent - recorded} left no record while the disk was full`);
      expect(recorded).toBeLessThanOrEqual(sent);
    });
  });

  function survive(disk: string, what: string, isRefused: () => Promise<boolean>): Promise<void> {
    return storm.through(async () => {
      await full(disk, what, isRefused);
      await storm.faults.allWell();
      await storm.deploys.more(3);
    });
  }

  async function full(disk: string, what: string, isRefused: () => Promise<boolean>): Promise<void> {
    const { faults } = storm;
    const filler = path.join(platform().dataDir, disk, 'filler');
    faults.note(`${disk} is full`);
    const filling = setInterval(() => fill(filler), 100);
    try {
      await until(what, NOTICED_MS, isRefused);
      faults.note(what);
      await new Promise((resolve) => setTimeout(resolve, FULL_MS));
    } finally {
      clearInterval(filling);
      rmSync(filler);
      faults.note(`${disk} has space again`);
    }
  }

  async function usageWaits(): Promise<boolean> {
    const answer = await fetch(`${storm.faults.run.urls['gatewayProcess']}/metrics`);
    const [, bytes] = /^towpath_gateway_usage_lag_bytes (\d+)/m.exec(await answer.text()) ?? [];
    return Number(bytes) > WAITING_BYTES;
  }

  async function apiRefuses(): Promise<boolean> {
    const { api } = storm.tenant;
    const { status } = await api.request('POST', '/v1/keys', { name: 'for a full disk', role: 'viewer' });
    return status >= 500;
  }
});

/** Takes what is left, also what was given back meanwhile. */
function fill(file: string): void {
  const handle = openSync(file, 'a');
  try {
    for (;;) writeSync(handle, BLOCK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  } finally {
    closeSync(handle);
  }
}
