-- People: who they are (platform-wide), where they are members (by tenant), and how they sign in.

-- A person of the installation. What it may do stands in its memberships.
CREATE TABLE users (
  id text PRIMARY KEY,
  -- normalised (libs/domain normalEmail)
  email text NOT NULL,
  -- PHC string of argon2id
  password_hash text NOT NULL,
  created_at timestamptz(3) NOT NULL,
  password_changed_at timestamptz(3) NOT NULL
);
CREATE UNIQUE INDEX users_email ON users (email);

CREATE TABLE memberships (
  organization_id text NOT NULL REFERENCES organizations (id),
  user_id text NOT NULL REFERENCES users (id),
  role text NOT NULL,
  platform_operator boolean NOT NULL DEFAULT false,
  created_at timestamptz(3) NOT NULL,
  version bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (organization_id, user_id)
);
CREATE INDEX memberships_user ON memberships (user_id);

CREATE TABLE invitations (
  organization_id text NOT NULL REFERENCES organizations (id),
  id text NOT NULL,
  email text NOT NULL,
  role text NOT NULL,
  platform_operator boolean NOT NULL DEFAULT false,
  hash bytea NOT NULL,
  -- id of the key or user whose rights it stands on
  created_by text NOT NULL,
  created_at timestamptz(3) NOT NULL,
  expires_at timestamptz(3) NOT NULL,
  accepted_at timestamptz(3),
  accepted_by text,
  revoked_at timestamptz(3),
  PRIMARY KEY (organization_id, id)
);
CREATE UNIQUE INDEX invitations_hash ON invitations (hash);

-- ---- the platform's own things: identity reads and writes them, the api's role has no right on them

-- One sign-in of a person: a family of refresh tokens.
CREATE TABLE sessions (
  id text PRIMARY KEY,
  user_id text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  -- where it acts now
  organization_id text NOT NULL REFERENCES organizations (id),
  address text NOT NULL,
  client text NOT NULL,
  created_at timestamptz(3) NOT NULL,
  last_used_at timestamptz(3) NOT NULL,
  expires_at timestamptz(3) NOT NULL,
  ended_at timestamptz(3),
  ended_because text
);
CREATE INDEX sessions_user ON sessions (user_id, last_used_at);

CREATE TABLE refresh_tokens (
  hash bytea PRIMARY KEY,
  session_id text NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
  created_at timestamptz(3) NOT NULL,
  expires_at timestamptz(3) NOT NULL,
  spent_at timestamptz(3),
  -- the token that replaced it, by its hash
  successor_hash bytea,
  -- with the spent token itself this makes the successor again, for a short replay; alone it makes nothing
  successor_salt bytea
);
CREATE INDEX refresh_tokens_session ON refresh_tokens (session_id, expires_at);

-- Sign-ins that a device asked for (RFC 8628).
CREATE TABLE device_requests (
  -- SHA-256 of the device code
  hash bytea PRIMARY KEY,
  user_code text NOT NULL,
  status text NOT NULL DEFAULT 'pending',
  address text NOT NULL,
  client text NOT NULL,
  created_at timestamptz(3) NOT NULL,
  expires_at timestamptz(3) NOT NULL,
  last_polled_at timestamptz(3),
  interval_ms integer NOT NULL,
  approved_by text REFERENCES users (id) ON DELETE CASCADE,
  organization_id text REFERENCES organizations (id)
);
CREATE UNIQUE INDEX device_requests_user_code ON device_requests (user_code);

-- How much of a rate is used up: one time says it all (libs/domain judgeRate).
CREATE TABLE rate_limits (
  name text NOT NULL,
  -- SHA-256 of whom it counts
  subject bytea NOT NULL,
  empty_at timestamptz(3) NOT NULL,
  PRIMARY KEY (name, subject)
);
CREATE INDEX rate_limits_empty ON rate_limits (empty_at);

-- ---- rights: the second wall

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['memberships', 'invitations'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format($p$CREATE POLICY tenant ON %I TO towpath_api
      USING (organization_id = nullif(current_setting('towpath.organization_id', true), ''))
      WITH CHECK (organization_id = nullif(current_setting('towpath.organization_id', true), ''))$p$, t);
    EXECUTE format('CREATE POLICY system ON %I TO towpath_system USING (true) WITH CHECK (true)', t);
  END LOOP;
END $$;

-- The api sees the addresses of its tenant's members, never a password's hash.
ALTER TABLE users ENABLE ROW LEVEL SECURITY;
ALTER TABLE users FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON users FOR SELECT TO towpath_api
  USING (EXISTS (SELECT 1 FROM memberships m
                 WHERE m.user_id = users.id
                   AND m.organization_id = nullif(current_setting('towpath.organization_id', true), '')));
CREATE POLICY system ON users TO towpath_system USING (true) WITH CHECK (true);
GRANT SELECT (id, email, created_at) ON users TO towpath_api;

GRANT SELECT, UPDATE, DELETE ON memberships TO towpath_api;
GRANT SELECT, INSERT, UPDATE ON invitations TO towpath_api;
GRANT SELECT, INSERT, UPDATE, DELETE ON users, memberships, invitations, sessions, refresh_tokens, device_requests,
  rate_limits TO towpath_system;

-- Who an access token speaks for, now: looked up before the tenant is known; one row, nothing else.
CREATE FUNCTION find_person(asked_organization text, asked_user text, asked_session text)
RETURNS TABLE (role text, platform_operator boolean, organization_status text, session_expires_at timestamptz,
               session_ended_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
  SELECT m.role, m.platform_operator, o.status, s.expires_at, s.ended_at
  FROM memberships m
  JOIN organizations o ON o.id = m.organization_id
  JOIN sessions s ON s.id = asked_session AND s.user_id = m.user_id
  WHERE m.organization_id = asked_organization AND m.user_id = asked_user
$$;
-- The function runs as the owner, who is under FORCE as everybody else.
CREATE POLICY owner ON memberships FOR SELECT TO CURRENT_USER USING (true);
REVOKE ALL ON FUNCTION find_person(text, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION find_person(text, text, text) TO towpath_api, towpath_system;
