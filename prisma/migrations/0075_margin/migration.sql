-- What operators need to see their margin: how long instances were seen to run, and what that time costs them.

-- What a second of an instance in a cluster costs the operator, from a UTC day on.
CREATE TABLE cluster_prices (
  cluster_id text NOT NULL REFERENCES clusters (id),
  day date NOT NULL,
  currency text NOT NULL,
  vcpu_second numeric(24, 12) NOT NULL CHECK (vcpu_second >= 0),
  gib_second numeric(24, 12) NOT NULL CHECK (gib_second >= 0),
  PRIMARY KEY (cluster_id, day)
);
GRANT SELECT, INSERT, UPDATE ON cluster_prices TO towpath_api;
GRANT SELECT ON cluster_prices TO towpath_system;

-- When instances were looked at last; its one row.
CREATE TABLE instance_looks (
  name text PRIMARY KEY,
  looked_at timestamptz(3) NOT NULL
);
GRANT SELECT, INSERT, UPDATE ON instance_looks TO towpath_system;

-- What was seen to run, added up. Ids and numbers only: held when an organization is erased.
CREATE TABLE instance_time (
  organization_id text NOT NULL,
  cluster_id text NOT NULL,
  service_id text NOT NULL,
  -- UTC
  day date NOT NULL,
  instance_ms bigint NOT NULL,
  -- milli-vCPU x ms
  cpu_ms numeric NOT NULL,
  -- MiB x ms
  memory_ms numeric NOT NULL,
  PRIMARY KEY (organization_id, day, cluster_id, service_id)
);
ALTER TABLE instance_time ENABLE ROW LEVEL SECURITY;
ALTER TABLE instance_time FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON instance_time TO towpath_api
  USING (organization_id = nullif(current_setting('towpath.organization_id', true), ''))
  WITH CHECK (organization_id = nullif(current_setting('towpath.organization_id', true), ''));
CREATE POLICY system ON instance_time TO towpath_system USING (true) WITH CHECK (true);
GRANT SELECT ON instance_time TO towpath_api;
GRANT SELECT, INSERT, UPDATE ON instance_time TO towpath_system;
