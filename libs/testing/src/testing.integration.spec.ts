import { Bus } from '#libs/bus';
import { testDatabase } from './database.js';
import { testNats } from './nats.js';

describe('what a test file gets', () => {
  it('is a migrated, empty database with the rights of each role', async () => {
    const database = await testDatabase();
    try {
      await expect(database.query('SELECT id FROM organizations')).resolves.toEqual([]);
      await database.query(`INSERT INTO organizations (id, name, created_at) VALUES ('org_a', 'A', now())`);
      const seen = (role: 'asApi' | 'asSystem'): Promise<number> =>
        database.db[role](
          async (tx) => (await tx.client.query('SELECT id FROM organizations')).rowCount ?? 0,
        );
      await expect(seen('asApi')).resolves.toBe(0);
      await expect(seen('asSystem')).resolves.toBe(1);
    } finally {
      await database.drop();
    }
  });

  it('is a NATS account that no other one can look into', async () => {
    const [mine, other] = await Promise.all([testNats(), testNats()]);
    try {
      const streams = async (bus: Bus): Promise<number> => (await (await bus.jsm()).getAccountInfo()).streams;
      await (await mine.bus.jsm()).streams.add({ name: 'MINE', subjects: ['mine.>'] });
      await expect(streams(mine.bus)).resolves.toBe(1);
      await expect(streams(other.bus)).resolves.toBe(0);
    } finally {
      await Promise.all([mine.release(), other.release()]);
    }
  });
});
