-- Since when an operator has every service of a cluster moved elsewhere, and how many it held then; null: nobody asked for it.
ALTER TABLE clusters ADD COLUMN draining_at timestamptz(3);
ALTER TABLE clusters ADD COLUMN drain_total bigint;
-- An operator took it out of the installation; its row stays, because builds, targets and usage name it.
ALTER TABLE clusters ADD COLUMN removed_at timestamptz(3);

-- What lives in a cluster, for its operators: ids and reasons, no tenant's content. One function, because the api's role sees
-- its bound organization only. A build that is not over lives there too, and has no reason.
CREATE FUNCTION list_cluster_holdings(asked_cluster text)
RETURNS TABLE (service_id text, reason text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
  SELECT t.service_id, (
    SELECT verdict->>'reason' FROM placements p, jsonb_array_elements(p.reasons) verdict
    WHERE p.organization_id = t.organization_id AND p.service_id = t.service_id
      AND verdict->>'clusterId' = asked_cluster LIMIT 1)
  FROM targets t
  WHERE t.cluster_id = asked_cluster
    AND (NOT t.body ? 'tombstone' OR coalesce(t.observed->>'removed', 'false') <> 'true')
  UNION ALL
  SELECT b.service_id, NULL FROM builds b WHERE b.cluster_id = asked_cluster AND b.finished_at IS NULL
  ORDER BY 1
$$;
-- The function runs as the owner, who is under FORCE as everybody else.
CREATE POLICY owner ON targets FOR SELECT TO CURRENT_USER USING (true);
CREATE POLICY owner ON placements FOR SELECT TO CURRENT_USER USING (true);
CREATE POLICY owner ON builds FOR SELECT TO CURRENT_USER USING (true);
REVOKE ALL ON FUNCTION list_cluster_holdings(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION list_cluster_holdings(text) TO towpath_api, towpath_system;
