import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { HubInside } from '../support/hub.inside.js';
import { Storm } from '../support/invariants.js';
import { platform } from '../support/tenant.js';
import { until } from '../support/until.js';

describe('nats-server comes back with an older store', () => {
  it('is refilled from the outbox, the rows and gateways, and no deploy and no usage is lost', async () => {
    const storm = await Storm.begin('rollback');
    const { faults, deploys } = storm;
    const store = path.join(platform().dataDir, 'nats', 'jetstream');
    const copy = mkdtempSync(path.join(tmpdir(), 'towpath-rollback-'));
    try {
      await storm.through(async () => {
        // stands still and dies without having read what only the newer store has
        const billing = faults.pid('billing');
        try {
          await faults.while('nats', 'stands still and is copied, billing stands still from now on', () => {
            process.kill(billing, 'SIGSTOP');
            cpSync(store, copy, { recursive: true });
          });
          // gateways keep what they sent for a minute
          await deploys.more(2);
          await faults.while('nats', 'gets its older store back', (pid) => {
            for (const name of readdirSync(store)) rmSync(path.join(store, name), { recursive: true });
            cpSync(copy, store, { recursive: true });
            process.kill(pid, 'SIGKILL');
          });
        } finally {
          process.kill(billing, 'SIGKILL');
        }
        await deploys.more(3);
        await checkHub();
        await storm.settle();
        expect(storm.failed).toEqual([]);
      });
    } finally {
      rmSync(copy, { recursive: true });
    }

    /** The stream holds a message of every row that the outbox keeps. */
    async function checkHub(): Promise<void> {
      const inside = await HubInside.open(platform(), faults);
      try {
        await until('the refill', 90_000, async () => {
          const { rows, messages } = await inside.outbox();
          if (messages < rows) throw new Error(`${messages} messages of ${rows} rows`);
          return true;
        });
      } finally {
        await inside.close();
      }
    }
  });
});
