-- A build that a cluster was asked for and of which no end was heard: what it may cost is reserved of its organization's cap.
ALTER TABLE builds ADD COLUMN may_cost boolean NOT NULL DEFAULT false;
UPDATE builds SET may_cost = true WHERE cluster_id IS NOT NULL AND finished_at IS NULL;
CREATE INDEX builds_may_cost ON builds (organization_id) WHERE may_cost;

-- The api says how much of a cap is reserved: also for builds in minutes that are to be folded.
ALTER TABLE billing_dirty_windows ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing_dirty_windows FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON billing_dirty_windows TO towpath_api
  USING (organization_id = nullif(current_setting('towpath.organization_id', true), ''));
CREATE POLICY system ON billing_dirty_windows TO towpath_system USING (true) WITH CHECK (true);
GRANT SELECT ON billing_dirty_windows TO towpath_api;
