-- The operator's list of organizations: ids, names, status, no tenant's content. One function, because the api's role
-- sees its bound organization only.
CREATE FUNCTION list_organizations(after_id text, row_limit integer)
RETURNS TABLE (id text, name text, status text, created_at timestamptz, version bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
  SELECT o.id, o.name, o.status, o.created_at, o.version
  FROM organizations o WHERE o.id > after_id ORDER BY o.id LIMIT row_limit
$$;
REVOKE ALL ON FUNCTION list_organizations(text, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION list_organizations(text, integer) TO towpath_api, towpath_system;
