-- Kinds of GPUs that an operator offers by name, and the nodes that have them. A class never changes; one that no service
-- uses can be deleted and made again.
CREATE TABLE gpu_classes (
  id text PRIMARY KEY,
  name text NOT NULL UNIQUE,
  -- the extended resource that its nodes offer
  resource text NOT NULL,
  node_labels jsonb NOT NULL,
  tolerations jsonb NOT NULL,
  min_cpu_millis integer,
  min_memory_mib integer,
  created_by text NOT NULL,
  created_at timestamptz(3) NOT NULL
);
GRANT SELECT, INSERT, DELETE ON gpu_classes TO towpath_api;
GRANT SELECT ON gpu_classes TO towpath_system;

-- How many services of all organizations use a class: by what their next revision is made of, or by a revision that a
-- cluster may still run. Nothing else of them is told.
CREATE FUNCTION count_gpu_class_services(asked_class text)
RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
  SELECT count(*) FROM services s
  WHERE s.removed_at IS NULL
    AND (s.template->'resources'->>'gpuClass' = asked_class
      OR EXISTS (SELECT 1 FROM revisions r
        WHERE r.organization_id = s.organization_id AND r.service_id = s.id
          AND r.spec->'resources'->>'gpuClass' = asked_class))
$$;
-- The function runs as the owner, who is under FORCE as everybody else.
CREATE POLICY owner ON services FOR SELECT TO CURRENT_USER USING (true);
CREATE POLICY owner ON revisions FOR SELECT TO CURRENT_USER USING (true);
REVOKE ALL ON FUNCTION count_gpu_class_services(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION count_gpu_class_services(text) TO towpath_api, towpath_system;
