-- How long builds took that cost something, once each, between when they were asked for and when the hub heard of their end. Billing puts
-- them at a position of the intake. Ids and times only: held when an organization is erased.
CREATE TABLE build_times (
  build_id text PRIMARY KEY,
  organization_id text NOT NULL,
  project_id text NOT NULL,
  service_id text NOT NULL,
  -- where it was built
  cluster_id text NOT NULL,
  start_ms bigint NOT NULL,
  end_ms bigint NOT NULL,
  -- both null until billing took it in
  price_zone text,
  taken bigint,
  CHECK (end_ms >= start_ms),
  CHECK ((price_zone IS NULL) = (taken IS NULL))
);
CREATE INDEX build_times_start ON build_times (organization_id, service_id, start_ms);
CREATE INDEX build_times_waiting ON build_times (taken);
ALTER TABLE build_times ENABLE ROW LEVEL SECURITY;
ALTER TABLE build_times FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON build_times TO towpath_api
  USING (organization_id = nullif(current_setting('towpath.organization_id', true), ''))
  WITH CHECK (organization_id = nullif(current_setting('towpath.organization_id', true), ''));
CREATE POLICY system ON build_times TO towpath_system USING (true) WITH CHECK (true);
GRANT SELECT ON build_times TO towpath_api;
GRANT SELECT, INSERT, UPDATE ON build_times TO towpath_system;
