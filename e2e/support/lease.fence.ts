import type { HubInside } from './hub.inside.js';

/**
 * What is only written under a lease by the role of deployer and billing. Builds are not among them: whoever hears of one's end
 * writes it, under the lock of its row, and it stays as it ended.
 */
const TABLES = [
  'services',
  'revisions',
  'placements',
  'targets',
  'routes',
  'operations',
  'usage_records',
  'instance_intervals',
  'instance_slices',
  'cold_starts',
  'billing_windows',
];

/**
 * A witness inside the database: notes of every statement of the system role that writes one of these tables whether its
 * transaction names a lease, and whether that lease's epoch is the present one. What is not committed leaves no note.
 */
export class LeaseFence {
  private constructor(private readonly inside: HubInside) {}

  static async put(inside: HubInside): Promise<LeaseFence> {
    const triggers = TABLES.map(
      (table) => `CREATE TRIGGER story_fence AFTER INSERT OR UPDATE OR DELETE ON ${table}
        FOR EACH STATEMENT EXECUTE FUNCTION story_fence()`,
    );
    await inside.query(`CREATE TABLE story_fence (tbl text NOT NULL, lease text, present bigint)`);
    await inside.query(`CREATE FUNCTION story_fence() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
      SET search_path = public AS $$
      DECLARE named text := nullif(current_setting('towpath.lease', true), '');
      BEGIN
        IF session_user = 'towpath_system' THEN
          INSERT INTO story_fence SELECT TG_TABLE_NAME, named,
            (SELECT epoch FROM leases WHERE name = split_part(named, '/', 1));
        END IF;
        RETURN NULL;
      END $$`);
    for (const trigger of triggers) await inside.query(trigger);
    return new LeaseFence(inside);
  }

  /** Committed statements, and those of them that a replica without the lease has written. */
  async seen(): Promise<{ written: number; stale: { tbl: string; lease: string | null }[] }> {
    const [count] = await this.inside.query<{ n: number }>('SELECT count(*)::int AS n FROM story_fence');
    const stale = await this.inside.query<{ tbl: string; lease: string | null }>(
      `SELECT tbl, lease FROM story_fence
       WHERE lease IS NULL OR present IS DISTINCT FROM split_part(lease, '/', 2)::bigint`,
    );
    return { written: count?.n ?? 0, stale };
  }

  async remove(): Promise<void> {
    // one lock at a time: the hub goes on meanwhile
    for (const table of TABLES) await this.inside.query(`DROP TRIGGER story_fence ON ${table}`);
    await this.inside.query('DROP FUNCTION story_fence()');
    await this.inside.query('DROP TABLE story_fence');
  }
}
