import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Api } from '../support/api.js';
import type { List } from '../support/faces.js';
import type { ProcessName } from '../support/faults.js';
import { Storm } from '../support/invariants.js';
import { platform } from '../support/tenant.js';

const POINTS: [string, ProcessName][] = [
  ['identity.admitted', 'identity'],
  ['identity.committed', 'identity'],
  ['member.admitted', 'agent'],
];

describe('an agent joins again, and somebody dies on the way', () => {
  let storm: Storm;
  beforeAll(async () => {
    storm = await Storm.begin('joining');
  }, 120_000);

  it.each(POINTS)('%s: one token is enough', (point, dies) =>
    storm.through(async () => {
      const { faults } = storm;
      await writeNewToken();
      const env = { TOWPATH_CRASH_POINT: point };
      await storm.withoutAgent(point, async () => {
        const dataDir = path.join(platform().dataDir, 'agent');
        rmSync(path.join(dataDir, 'membership.json'));
        if (dies === 'agent') await faults.replaced('agent', await faults.restartWith('agent', { env }));
        else {
          const armed = await faults.restartWith('identity', { env });
          await faults.serves('identity');
          await Promise.all([faults.replaced('identity', armed), faults.kill('agent')]);
        }
        await faults.serves('agent');
        expect(readdirSync(dataDir)).toContain('membership.json');
      });
      await storm.deploys.more(1);
    }),
  );

  it('and nothing is lost, doubled or left undone', () =>
    storm.through(async () => {
      await storm.settle();
      expect(storm.failed).toEqual([]);
    }));

  async function writeNewToken(): Promise<void> {
    const { apiUrl, operatorKey, dataDir } = platform();
    const operator = new Api(apiUrl, operatorKey);
    const { items } = await operator.ok<List<{ id: string }>>('GET', '/v1/clusters');
    const { token } = await operator.ok<{ token: string }>(
      'POST',
      `/v1/clusters/${items[0]?.id}/join-tokens`,
      {},
    );
    writeFileSync(path.join(dataDir, 'keys', 'agent.token'), token, { mode: 0o600 });
  }
});
