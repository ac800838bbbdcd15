-- When revisions had no ready instance in a cluster, up to when one was ready, as its agent saw it and by the hub's clock: plans that
-- leave cold starts out bill what waited then from its end on. Only what was told with a clock that is right enough. Ids and times
-- only: held when an organization is erased.
CREATE TABLE cold_starts (
  cluster_id text NOT NULL,
  -- the instance that ended it
  instance_id text NOT NULL,
  start_ms bigint NOT NULL,
  organization_id text NOT NULL,
  service_id text NOT NULL,
  revision_id text NOT NULL,
  -- [since, ready)
  since_ms bigint NOT NULL,
  ready_ms bigint NOT NULL,
  taken bigint NOT NULL,
  PRIMARY KEY (cluster_id, instance_id, start_ms),
  CHECK (ready_ms >= since_ms AND ready_ms <= since_ms + 7200000)
);
CREATE INDEX cold_starts_reach ON cold_starts (organization_id, service_id, revision_id, ready_ms);
ALTER TABLE cold_starts ENABLE ROW LEVEL SECURITY;
ALTER TABLE cold_starts FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON cold_starts TO towpath_api
  USING (organization_id = nullif(current_setting('towpath.organization_id', true), ''))
  WITH CHECK (organization_id = nullif(current_setting('towpath.organization_id', true), ''));
CREATE POLICY system ON cold_starts TO towpath_system USING (true) WITH CHECK (true);
GRANT SELECT ON cold_starts TO towpath_api;
GRANT SELECT, INSERT ON cold_starts TO towpath_system;

-- By how much the clock of its agent was ahead of the hub's when it spoke last, in ms, as measured there and back.
ALTER TABLE clusters ADD COLUMN clock_offset_ms bigint;
