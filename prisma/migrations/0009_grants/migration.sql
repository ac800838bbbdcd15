-- A key that an operator of the platform has for a time, with a reason that the organization can read.
ALTER TABLE api_keys ADD COLUMN grant_id text, ADD COLUMN granted_to text, ADD COLUMN grant_reason text;
CREATE UNIQUE INDEX api_keys_grant ON api_keys (organization_id, grant_id) WHERE grant_id IS NOT NULL;

-- The same with what a grant adds; whoever asks for the former columns finds them.
DROP FUNCTION find_api_key(bytea);
CREATE FUNCTION find_api_key(key_hash bytea)
RETURNS TABLE (id text, organization_id text, role text, project_id text, platform_operator boolean,
               expires_at timestamptz, revoked_at timestamptz, organization_status text, grant_id text, granted_to text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
  SELECT k.id, k.organization_id, k.role, k.project_id, k.platform_operator, k.expires_at, k.revoked_at, o.status,
    k.grant_id, k.granted_to
  FROM api_keys k JOIN organizations o ON o.id = k.organization_id
  WHERE k.hash = key_hash
$$;
REVOKE ALL ON FUNCTION find_api_key(bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION find_api_key(bytea) TO towpath_api, towpath_system;
