-- How long each instance has run, as its cluster's agent says; the time of instances is added up from what it grows by.
-- Ids and times only: held when an organization is erased.
CREATE TABLE instance_intervals (
  cluster_id text NOT NULL,
  instance_id text NOT NULL,
  start_ms bigint NOT NULL,
  organization_id text NOT NULL,
  service_id text NOT NULL,
  revision_id text NOT NULL,
  -- seen so far; of all that was said the longest
  until_ms bigint NOT NULL,
  ended boolean NOT NULL,
  PRIMARY KEY (cluster_id, instance_id, start_ms)
);
ALTER TABLE instance_intervals ENABLE ROW LEVEL SECURITY;
ALTER TABLE instance_intervals FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON instance_intervals TO towpath_api
  USING (organization_id = nullif(current_setting('towpath.organization_id', true), ''))
  WITH CHECK (organization_id = nullif(current_setting('towpath.organization_id', true), ''));
CREATE POLICY system ON instance_intervals TO towpath_system USING (true) WITH CHECK (true);
GRANT SELECT ON instance_intervals TO towpath_api;
GRANT SELECT, INSERT, UPDATE ON instance_intervals TO towpath_system;

-- Nobody looks any more.
DROP TABLE instance_looks;
