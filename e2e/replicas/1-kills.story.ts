import { crashRuns } from '../support/chance.js';
import type { ProcessName } from '../support/faults.js';
import { Storm } from '../support/invariants.js';

/** One of each; the other one goes on. */
const KILLED: ProcessName[] = ['api', 'identity-2', 'deployer', 'billing-2', 'gateway'];
const OTHERS: ProcessName[] = ['api-2', 'identity', 'deployer-2', 'billing', 'gateway-2'];

describe('two of every hub process and two gateways', () => {
  it('one of each dies in turn: no request fails at either gateway, every deploy ends, every request is counted once', async () => {
    const storm = await Storm.begin('kills', { replicas: 2 });
    const { faults, deploys, traffic } = storm;
    await storm.through(async () => {
      for (let run = 0; run < crashRuns(); run += 1) {
        const back: Promise<void>[] = [];
        for (const name of run % 2 === 0 ? KILLED : OTHERS) {
          back.push(faults.kill(name));
          await deploys.more(1);
        }
        await Promise.all(back);
      }
      const { requests, operations } = await storm.settle();
      expect(traffic.failed).toEqual([]);
      const failed = operations.flatMap(({ error }) => error?.code ?? []);
      console.log(
        `${KILLED.length * crashRuns()} kills: ${requests} requests, 0 failed; ${operations.length} operations, failed: ${failed.join(', ') || 'none'}; the longest deploy ${deploys.longestMs} ms`,
      );
    });
  });
});
