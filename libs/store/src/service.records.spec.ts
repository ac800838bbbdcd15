import { SteppedClock, testServiceRecords } from '#libs/testing';
import { loadServiceRecords } from './service.records.js';
import type { IntentRow } from './service-status.sql.js';
import type { Statement, Tx } from './statement.js';

/** A session that answers a turn of the event loop later; counts on how many turns it was asked. */
class SlowSession {
  readonly asked: string[] = [];
  waves = 0;
  private next: Promise<void> | undefined;

  constructor(private readonly intent: IntentRow) {}

  async run(sql: Statement<unknown>): Promise<unknown[]> {
    this.asked.push(sql.name);
    this.next ??= new Promise<void>((resolve) => {
      this.waves += 1;
      setImmediate(() => {
        this.next = undefined;
        resolve();
      });
    });
    await this.next;
    return sql.name === 'service_find_intent' ? [this.intent] : [];
  }

  async one(sql: Statement<unknown>): Promise<unknown> {
    return (await this.run(sql))[0];
  }
}

function intentRow(): IntentRow {
  const { service } = testServiceRecords(new SteppedClock().now(), []);
  const at = new Date(service.createdAt);
  return {
    ...service,
    organization_id: service.organizationId,
    project_id: service.projectId,
    min_instances: service.minInstances,
    regions: [],
    rollout: 'surge',
    template_generation: service.generation,
    created_at: at,
    updated_at: at,
    deleted_at: null,
    removed_at: null,
    project_handle: 'project',
    organization_status: 'active',
    cap_reached: null,
  };
}

describe('reading all about a service', () => {
  it('waits for the server three times, however many statements it takes', async () => {
    const session = new SlowSession(intentRow());
    const records = await loadServiceRecords(session as unknown as Tx, 'svc', 'localhost', 0);
    expect(records?.projectHandle).toBe('project');
    expect(session.asked.length).toBeGreaterThan(8);
    expect(session.waves).toBe(3);
  });
});
