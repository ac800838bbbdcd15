/** Asks a database, as its owner. */
type Query = (sql: string, values?: readonly unknown[]) => Promise<unknown>;

/** Sessions with this search path see the hub's time moved; given to a process by PGOPTIONS or to a role. */
export const MOVED_TIME_PATH = 'hub_time,pg_catalog,public';

/** The schema whose clock stands so far (ms) beside PostgreSQL's own, for billing's role. */
export async function makeHubTime(query: Query, movedMs: number): Promise<void> {
  await query(`CREATE SCHEMA hub_time
    CREATE TABLE moved (ms bigint NOT NULL)`);
  await query(`INSERT INTO hub_time.moved VALUES ($1)`, [movedMs]);
  await query(`CREATE FUNCTION hub_time.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE
    SET search_path = pg_catalog
    AS 'SELECT pg_catalog.clock_timestamp() + make_interval(secs => (SELECT ms FROM hub_time.moved) / 1000.0)'`);
  await query(`GRANT USAGE ON SCHEMA hub_time TO towpath_system`);
  await query(`GRANT SELECT ON hub_time.moved TO towpath_system`);
}
