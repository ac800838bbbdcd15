-- What GPUs cost their operator, and how long they were seen to run, for the margin.

-- What a second of one GPU costs, an exact decimal as text by class; a price of before names none.
ALTER TABLE cluster_prices ADD COLUMN gpu_seconds jsonb NOT NULL DEFAULT '{}';

-- What was seen to run with GPUs, added up. Ids, names of classes and numbers only: held when an organization is erased.
CREATE TABLE instance_gpu_time (
  organization_id text NOT NULL,
  cluster_id text NOT NULL,
  service_id text NOT NULL,
  -- UTC
  day date NOT NULL,
  gpu_class text NOT NULL,
  -- GPUs x ms
  gpu_ms bigint NOT NULL,
  PRIMARY KEY (organization_id, day, cluster_id, service_id, gpu_class)
);
ALTER TABLE instance_gpu_time ENABLE ROW LEVEL SECURITY;
ALTER TABLE instance_gpu_time FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON instance_gpu_time TO towpath_api
  USING (organization_id = nullif(current_setting('towpath.organization_id', true), ''))
  WITH CHECK (organization_id = nullif(current_setting('towpath.organization_id', true), ''));
CREATE POLICY system ON instance_gpu_time TO towpath_system USING (true) WITH CHECK (true);
GRANT SELECT ON instance_gpu_time TO towpath_api;
GRANT SELECT, INSERT, UPDATE ON instance_gpu_time TO towpath_system;

-- Whoever stores what an instance ran longer adds the time of its GPUs, so the release before does, too.
CREATE FUNCTION add_gpu_time() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO instance_gpu_time (organization_id, cluster_id, service_id, day, gpu_class, gpu_ms)
  SELECT s.organization_id, s.cluster_id, s.service_id, DATE '1970-01-01' + day::int, r.spec->'resources'->>'gpuClass',
    sum((r.spec->'resources'->>'gpus')::int * (least(s.until_ms, (day + 1) * 86400000) - greatest(s.from_ms, day * 86400000)))
  FROM grown s
  JOIN revisions r ON r.organization_id = s.organization_id AND r.id = s.revision_id
    AND (r.spec->'resources'->>'gpus')::int > 0 AND r.spec->'resources' ? 'gpuClass'
  CROSS JOIN LATERAL generate_series(s.from_ms / 86400000, (s.until_ms - 1) / 86400000) AS day
  WHERE s.until_ms > s.from_ms
  GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5
  ON CONFLICT (organization_id, day, cluster_id, service_id, gpu_class) DO UPDATE SET
    gpu_ms = instance_gpu_time.gpu_ms + excluded.gpu_ms;
  RETURN NULL;
END $$;
-- nobody stores any until this is committed: what is there is added up whole
CREATE TRIGGER instance_slices_gpus AFTER INSERT ON instance_slices REFERENCING NEW TABLE AS grown
  FOR EACH STATEMENT EXECUTE FUNCTION add_gpu_time();
INSERT INTO instance_gpu_time (organization_id, cluster_id, service_id, day, gpu_class, gpu_ms)
SELECT s.organization_id, s.cluster_id, s.service_id, DATE '1970-01-01' + day::int, r.spec->'resources'->>'gpuClass',
  sum((r.spec->'resources'->>'gpus')::int * (least(s.until_ms, (day + 1) * 86400000) - greatest(s.from_ms, day * 86400000)))
FROM instance_slices s
JOIN revisions r ON r.organization_id = s.organization_id AND r.id = s.revision_id
  AND (r.spec->'resources'->>'gpus')::int > 0 AND r.spec->'resources' ? 'gpuClass'
CROSS JOIN LATERAL generate_series(s.from_ms / 86400000, (s.until_ms - 1) / 86400000) AS day
WHERE s.until_ms > s.from_ms
GROUP BY 1, 2, 3, 4, 5;
