import { Metrics, createLogger } from '#libs/process';
import type { Lease } from '#libs/store';
import { testDatabase, until, type TestDatabase } from '#libs/testing';
import { BillingMetrics } from './billing.metrics.js';
import { QuarantineWatch } from './quarantine.watch.js';

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database.drop());

let position = 0;
/** A refused record, and what became of it. */
function refused(reason: string, became: Record<string, unknown> = {}): Promise<unknown[]> {
  const { released, outcome = null, correction = null, dismissed } = became;
  position += 1;
  return database.query(
    `INSERT INTO usage_quarantine (producer, position, reason, digest, body, received_at, released_at, outcome, correction, dismissed_at)
     VALUES ('spl_0', $1, $2, 'd', '{}', now(), CASE WHEN $3 THEN now() END, $4, $5, CASE WHEN $6 THEN now() END)`,
    [position, reason, released === true, outcome, correction, dismissed === true],
  );
}

it('is shown by reason and by what an operator said, by the process that takes usage in alone', async () => {
  const ended = { released: true, outcome: 'stored', correction: { endMs: 1 } };
  for (const [reason, became] of [
    ['too_long', {}],
    ['too_long', { released: true }],
    ['too_long', { released: true, outcome: 'unknown_service' }],
    ['too_long', { released: true, outcome: 'stored' }],
    ['not_positive', ended],
    ['not_positive', ended],
    ['missing_revision', { dismissed: true }],
    ['missing_revision', { released: true, outcome: 'missing_revision', correction: {}, dismissed: true }],
  ] as const)
    await refused(reason, became);
  const metrics = new Metrics();
  let lease: Lease | undefined;
  const watch = new QuarantineWatch(
    database.db,
    { holding: () => lease },
    new BillingMetrics(metrics),
    createLogger('test', 'silent'),
  );
  const shown = async (): Promise<string[]> =>
    [
      ...(await metrics.registry.metrics()).matchAll(
        /^towpath_billing_quarantine_records\{reason="(\w+)",state="(\w+)"\} (\d+)$/gm,
      ),
    ]
      .map(([, ...parts]) => parts.join(' '))
      .sort();
  watch.start();
  try {
    lease = { name: 'billing-intake-0' } as Lease;
    watch.wake();
    await until(async () => (await shown()).length > 0, { what: 'that it is counted' });
    expect(await shown()).toEqual([
      'missing_revision dismissed 2',
      'not_positive corrected 2',
      'too_long released 1',
      'too_long waiting 3',
    ]);
    lease = undefined;
    watch.wake();
    await until(async () => (await shown()).length === 0, { what: 'that another counts it' });
  } finally {
    await watch.stop();
  }
});
