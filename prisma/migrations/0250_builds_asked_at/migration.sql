-- Since when a cluster is asked for a build: one of which nothing is heard for too long is ended. Absent where the release before asked: then it is as old as the build.
ALTER TABLE builds ADD COLUMN asked_at timestamptz(3);
CREATE INDEX builds_asked ON builds (cluster_id) WHERE finished_at IS NULL OR may_cost;
