-- What each instance was told to have run longer, at which position of the intake: bills by instance time are counted from it, and
-- counted again as of then. None is longer than ten minutes. Ids and times only: held when an organization is erased.
CREATE TABLE instance_slices (
  cluster_id text NOT NULL,
  instance_id text NOT NULL,
  start_ms bigint NOT NULL,
  from_ms bigint NOT NULL,
  until_ms bigint NOT NULL,
  organization_id text NOT NULL,
  service_id text NOT NULL,
  revision_id text NOT NULL,
  price_zone text NOT NULL,
  taken bigint NOT NULL,
  PRIMARY KEY (cluster_id, instance_id, start_ms, from_ms),
  CHECK (until_ms >= from_ms AND until_ms <= from_ms + 600000)
);
CREATE INDEX instance_slices_reach ON instance_slices (organization_id, service_id, revision_id, until_ms);
ALTER TABLE instance_slices ENABLE ROW LEVEL SECURITY;
ALTER TABLE instance_slices FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON instance_slices TO towpath_api
  USING (organization_id = nullif(current_setting('towpath.organization_id', true), ''))
  WITH CHECK (organization_id = nullif(current_setting('towpath.organization_id', true), ''));
CREATE POLICY system ON instance_slices TO towpath_system USING (true) WITH CHECK (true);
GRANT SELECT ON instance_slices TO towpath_api;
GRANT SELECT, INSERT ON instance_slices TO towpath_system;
