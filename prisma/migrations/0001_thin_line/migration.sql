-- The thin line. Roles towpath_api and towpath_system exist before this file runs (libs/store migrate.ts makes them).
-- Times are UTC with milliseconds. Every tenant table carries organization_id in its primary, unique and foreign keys.

CREATE TABLE organizations (
  id text PRIMARY KEY,
  name text NOT NULL,
  status text NOT NULL DEFAULT 'active',
  created_at timestamptz(3) NOT NULL,
  version bigint NOT NULL DEFAULT 1
);

CREATE TABLE projects (
  organization_id text NOT NULL REFERENCES organizations (id),
  id text NOT NULL,
  name text NOT NULL,
  handle text NOT NULL,
  created_at timestamptz(3) NOT NULL,
  deleted_at timestamptz(3),
  version bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (organization_id, id)
);
CREATE UNIQUE INDEX projects_name_live ON projects (organization_id, name) WHERE deleted_at IS NULL;

-- Platform-wide: a handle is never reused, also not after its project is gone.
CREATE TABLE handles (
  handle text PRIMARY KEY,
  organization_id text NOT NULL,
  project_id text NOT NULL
);

CREATE TABLE api_keys (
  organization_id text NOT NULL REFERENCES organizations (id),
  id text NOT NULL,
  name text NOT NULL,
  hash bytea NOT NULL,
  preview text NOT NULL,
  role text NOT NULL,
  project_id text,
  platform_operator boolean NOT NULL DEFAULT false,
  created_by text,
  created_at timestamptz(3) NOT NULL,
  expires_at timestamptz(3),
  revoked_at timestamptz(3),
  last_used_at timestamptz(3),
  PRIMARY KEY (organization_id, id),
  FOREIGN KEY (organization_id, project_id) REFERENCES projects (organization_id, id)
);
CREATE UNIQUE INDEX api_keys_hash ON api_keys (hash);

CREATE TABLE data_keys (
  organization_id text NOT NULL REFERENCES organizations (id),
  id integer NOT NULL,
  wrapped bytea NOT NULL,
  created_at timestamptz(3) NOT NULL,
  PRIMARY KEY (organization_id, id)
);

CREATE TABLE secrets (
  organization_id text NOT NULL,
  id text NOT NULL,
  project_id text NOT NULL,
  name text NOT NULL,
  created_at timestamptz(3) NOT NULL,
  deleted_at timestamptz(3),
  version bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (organization_id, id),
  FOREIGN KEY (organization_id, project_id) REFERENCES projects (organization_id, id)
);
CREATE UNIQUE INDEX secrets_name_live ON secrets (organization_id, project_id, name) WHERE deleted_at IS NULL;

CREATE TABLE secret_versions (
  organization_id text NOT NULL,
  secret_id text NOT NULL,
  number integer NOT NULL,
  data_key_id integer NOT NULL,
  -- nonce (12) + ciphertext + tag (16); AES-256-GCM with additional data organization|secret|number
  sealed bytea NOT NULL,
  created_at timestamptz(3) NOT NULL,
  PRIMARY KEY (organization_id, secret_id, number),
  FOREIGN KEY (organization_id, secret_id) REFERENCES secrets (organization_id, id),
  FOREIGN KEY (organization_id, data_key_id) REFERENCES data_keys (organization_id, id)
);

CREATE TABLE uploads (
  organization_id text NOT NULL,
  id text NOT NULL,
  project_id text NOT NULL,
  digest text NOT NULL,
  size bigint NOT NULL,
  created_at timestamptz(3) NOT NULL,
  PRIMARY KEY (organization_id, id),
  FOREIGN KEY (organization_id, project_id) REFERENCES projects (organization_id, id)
);

CREATE TABLE services (
  organization_id text NOT NULL,
  id text NOT NULL,
  project_id text NOT NULL,
  name text NOT NULL,
  access text NOT NULL,
  min_instances integer NOT NULL,
  template jsonb NOT NULL,
  traffic jsonb NOT NULL,
  generation bigint NOT NULL DEFAULT 1,
  -- generation of the template alone: a traffic-only change leaves it, so it makes no revision
  template_generation bigint NOT NULL DEFAULT 1,
  status jsonb NOT NULL,
  created_at timestamptz(3) NOT NULL,
  updated_at timestamptz(3) NOT NULL,
  deleted_at timestamptz(3),
  -- set by the deployer when everything of a deleted service is gone
  removed_at timestamptz(3),
  version bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (organization_id, id),
  FOREIGN KEY (organization_id, project_id) REFERENCES projects (organization_id, id)
);
CREATE UNIQUE INDEX services_name_live ON services (organization_id, project_id, name) WHERE deleted_at IS NULL;

CREATE TABLE builds (
  organization_id text NOT NULL,
  id text NOT NULL,
  project_id text NOT NULL,
  service_id text NOT NULL,
  upload_id text NOT NULL,
  upload_digest text NOT NULL,
  cluster_id text,
  status text NOT NULL,
  image_digest text,
  error jsonb,
  created_at timestamptz(3) NOT NULL,
  finished_at timestamptz(3),
  PRIMARY KEY (organization_id, id),
  FOREIGN KEY (organization_id, service_id) REFERENCES services (organization_id, id),
  FOREIGN KEY (organization_id, upload_id) REFERENCES uploads (organization_id, id)
);
-- One build for one upload of a service: a second deploy of the same upload reuses the digest.
CREATE UNIQUE INDEX builds_upload ON builds (organization_id, service_id, upload_id);

CREATE TABLE revisions (
  organization_id text NOT NULL,
  id text NOT NULL,
  project_id text NOT NULL,
  service_id text NOT NULL,
  name text NOT NULL,
  number integer NOT NULL,
  template_generation bigint NOT NULL,
  spec jsonb NOT NULL,
  status jsonb NOT NULL,
  -- the last time it had traffic; the last five that served stay tagged
  served_at timestamptz(3),
  created_at timestamptz(3) NOT NULL,
  PRIMARY KEY (organization_id, id),
  FOREIGN KEY (organization_id, service_id) REFERENCES services (organization_id, id),
  UNIQUE (organization_id, service_id, name),
  UNIQUE (organization_id, service_id, number),
  UNIQUE (organization_id, service_id, template_generation)
);

-- A revision is immutable: only what was observed of it may change.
CREATE FUNCTION refuse_revision_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.organization_id, NEW.id, NEW.project_id, NEW.service_id, NEW.name, NEW.number, NEW.template_generation,
      NEW.spec, NEW.created_at)
     IS DISTINCT FROM
     (OLD.organization_id, OLD.id, OLD.project_id, OLD.service_id, OLD.name, OLD.number, OLD.template_generation,
      OLD.spec, OLD.created_at) THEN
    RAISE EXCEPTION 'a revision is immutable';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER revisions_immutable BEFORE UPDATE ON revisions
  FOR EACH ROW EXECUTE FUNCTION refuse_revision_change();

CREATE TABLE traffic_changes (
  organization_id text NOT NULL,
  service_id text NOT NULL,
  number integer NOT NULL,
  actor_id text NOT NULL,
  from_traffic jsonb NOT NULL,
  to_traffic jsonb NOT NULL,
  created_at timestamptz(3) NOT NULL,
  PRIMARY KEY (organization_id, service_id, number),
  FOREIGN KEY (organization_id, service_id) REFERENCES services (organization_id, id)
);

CREATE TABLE operations (
  organization_id text NOT NULL,
  id text NOT NULL,
  project_id text NOT NULL,
  service_id text NOT NULL,
  kind text NOT NULL,
  generation bigint NOT NULL,
  status text NOT NULL,
  steps jsonb NOT NULL,
  error jsonb,
  created_at timestamptz(3) NOT NULL,
  finished_at timestamptz(3),
  version bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (organization_id, id),
  FOREIGN KEY (organization_id, service_id) REFERENCES services (organization_id, id)
);
CREATE INDEX operations_open ON operations (organization_id, service_id) WHERE finished_at IS NULL;

CREATE TABLE audit_rows (
  organization_id text NOT NULL,
  id text NOT NULL,
  time timestamptz(3) NOT NULL,
  actor_id text NOT NULL,
  on_behalf_of text,
  grant_id text,
  action text NOT NULL,
  object text NOT NULL,
  before jsonb,
  after jsonb,
  request_id text NOT NULL,
  PRIMARY KEY (organization_id, id)
);

CREATE TABLE idempotency_keys (
  organization_id text NOT NULL,
  actor_id text NOT NULL,
  key text NOT NULL,
  fingerprint text NOT NULL,
  -- null while the first request runs
  status integer,
  body jsonb,
  created_at timestamptz(3) NOT NULL,
  PRIMARY KEY (organization_id, actor_id, key)
);

-- ---- the platform's own things: no tenant in them

CREATE TABLE clusters (
  id text PRIMARY KEY,
  name text NOT NULL UNIQUE,
  provider text NOT NULL,
  region text NOT NULL,
  zone text NOT NULL,
  runtime text NOT NULL,
  gpu_classes jsonb NOT NULL DEFAULT '[]',
  capabilities jsonb NOT NULL DEFAULT '[]',
  door jsonb,
  public_key jsonb,
  joined_at timestamptz(3),
  last_seen_at timestamptz(3),
  created_at timestamptz(3) NOT NULL,
  version bigint NOT NULL DEFAULT 1
);

CREATE TABLE gateways (
  id text PRIMARY KEY,
  region text NOT NULL,
  joined_at timestamptz(3) NOT NULL,
  last_seen_at timestamptz(3)
);

-- One-time tokens with which an agent or a gateway joins.
CREATE TABLE join_tokens (
  id text PRIMARY KEY,
  hash bytea NOT NULL UNIQUE,
  kind text NOT NULL CHECK (kind IN ('agent', 'gateway')),
  cluster_id text REFERENCES clusters (id),
  region text,
  created_at timestamptz(3) NOT NULL,
  expires_at timestamptz(3) NOT NULL,
  used_at timestamptz(3)
);

-- What a joined agent or gateway renews its credentials with; the latest one of a member counts.
CREATE TABLE renewal_tokens (
  -- cluster id of an agent, or gateway id
  member_id text PRIMARY KEY,
  hash bytea NOT NULL UNIQUE,
  kind text NOT NULL CHECK (kind IN ('agent', 'gateway')),
  created_at timestamptz(3) NOT NULL
);

CREATE TABLE leases (
  name text PRIMARY KEY,
  owner text NOT NULL,
  epoch bigint NOT NULL,
  expires_at timestamptz(3) NOT NULL
);

-- The hub's fencing epoch, raised after a restore (one row).
CREATE TABLE hub (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  epoch bigint NOT NULL
);
INSERT INTO hub (epoch) VALUES (1);

-- ---- what the deployer derives

CREATE TABLE placements (
  organization_id text NOT NULL,
  service_id text NOT NULL,
  cluster_ids jsonb NOT NULL,
  reasons jsonb NOT NULL,
  decided_at timestamptz(3) NOT NULL,
  PRIMARY KEY (organization_id, service_id),
  FOREIGN KEY (organization_id, service_id) REFERENCES services (organization_id, id)
);

CREATE TABLE targets (
  organization_id text NOT NULL,
  service_id text NOT NULL,
  cluster_id text NOT NULL REFERENCES clusters (id),
  generation bigint NOT NULL,
  epoch bigint NOT NULL,
  -- the message as agents read it (contracts/messages/target)
  body jsonb NOT NULL,
  -- what the cluster last reported (contracts/messages/target-status)
  observed jsonb,
  updated_at timestamptz(3) NOT NULL,
  PRIMARY KEY (organization_id, service_id, cluster_id),
  FOREIGN KEY (organization_id, service_id) REFERENCES services (organization_id, id)
);

-- Platform-wide: one row per host.
CREATE TABLE routes (
  host text PRIMARY KEY,
  organization_id text NOT NULL,
  service_id text NOT NULL,
  version bigint NOT NULL,
  body jsonb NOT NULL,
  updated_at timestamptz(3) NOT NULL,
  FOREIGN KEY (organization_id, service_id) REFERENCES services (organization_id, id)
);
CREATE INDEX routes_service ON routes (organization_id, service_id);

-- ---- outbox

CREATE TABLE outbox (
  id text PRIMARY KEY,
  name text NOT NULL,
  key text NOT NULL,
  organization_id text,
  created_at timestamptz(3) NOT NULL,
  sent_at timestamptz(3),
  -- where the broker stored it; higher than the stream's last one means that the broker lost it
  sequence bigint
);
CREATE INDEX outbox_unsent ON outbox (created_at) WHERE sent_at IS NULL;
CREATE INDEX outbox_sent ON outbox (sent_at) WHERE sent_at IS NOT NULL;
CREATE INDEX outbox_sequence ON outbox (sequence);

-- ---- usage and billing

CREATE TABLE usage_records (
  producer text NOT NULL,
  position bigint NOT NULL,
  organization_id text NOT NULL,
  project_id text NOT NULL,
  service_id text NOT NULL,
  revision_id text,
  cluster_id text,
  gateway_id text NOT NULL,
  region text NOT NULL,
  -- the set of regions with one price that the region belonged to when the record came in
  price_zone text NOT NULL,
  stream_id text NOT NULL,
  part integer NOT NULL,
  last boolean NOT NULL,
  start_ms bigint NOT NULL,
  end_ms bigint NOT NULL,
  request_bytes bigint NOT NULL,
  response_bytes bigint NOT NULL,
  status integer NOT NULL,
  flags text NOT NULL,
  reached boolean NOT NULL,
  attempts integer NOT NULL,
  billable boolean NOT NULL,
  -- why it costs nothing; null when billable (the table in libs/domain usage decides)
  not_billable_reason text,
  PRIMARY KEY (producer, position)
);
-- Three ways a window finds its records: those that start in it, those that reach into it from before (few: only
-- records that cross a border of the 60,000 ms windows of libs/domain billing), and the parts of one long stream.
CREATE INDEX usage_records_start ON usage_records (service_id, start_ms);
CREATE INDEX usage_records_crossing ON usage_records (service_id, end_ms)
  WHERE start_ms / 60000 <> (end_ms - 1) / 60000;
CREATE INDEX usage_records_parts ON usage_records (producer, stream_id) WHERE part > 0 OR NOT last;

-- What may not be billed without a person looking at it; never dropped.
CREATE TABLE usage_quarantine (
  producer text NOT NULL,
  position bigint NOT NULL,
  reason text NOT NULL,
  -- sha-256 of the body in hex: one identity may come with several contents
  digest text NOT NULL,
  body jsonb NOT NULL,
  received_at timestamptz(3) NOT NULL,
  PRIMARY KEY (producer, position, reason, digest)
);

-- How far each producer was seen, and the gateway it belongs to (the first that sent as it).
CREATE TABLE usage_watermarks (
  producer text PRIMARY KEY,
  gateway_id text NOT NULL,
  position bigint NOT NULL,
  updated_at timestamptz(3) NOT NULL
);

-- Billable time by window, set from the raw records, never added to.
CREATE TABLE billing_windows (
  organization_id text NOT NULL,
  project_id text NOT NULL,
  service_id text NOT NULL,
  -- '' for what was answered before a revision was chosen (costs nothing)
  revision_id text NOT NULL,
  price_zone text NOT NULL,
  window_start_ms bigint NOT NULL,
  requests bigint NOT NULL,
  not_billable_requests bigint NOT NULL,
  blocks bigint NOT NULL,
  -- sum of ceil(ms / 100) per request: the same usage under model per_request
  per_request_units bigint NOT NULL,
  -- blocks that are open at the end of the window: [[end in ms, how many], ...] ascending
  open_blocks jsonb NOT NULL,
  request_bytes bigint NOT NULL,
  response_bytes bigint NOT NULL,
  updated_at timestamptz(3) NOT NULL,
  PRIMARY KEY (organization_id, service_id, revision_id, price_zone, window_start_ms)
);
CREATE INDEX billing_windows_time ON billing_windows (organization_id, window_start_ms);

-- Windows that must be folded again; written in the transaction that changed what they are made of.
CREATE TABLE billing_dirty_windows (
  organization_id text NOT NULL,
  project_id text NOT NULL,
  service_id text NOT NULL,
  revision_id text NOT NULL,
  price_zone text NOT NULL,
  window_start_ms bigint NOT NULL,
  -- which worker folds it (a hash of the organization)
  shard smallint NOT NULL,
  PRIMARY KEY (organization_id, service_id, revision_id, price_zone, window_start_ms)
);
CREATE INDEX billing_dirty_windows_shard ON billing_dirty_windows (shard, window_start_ms);

-- ---- rights: the second wall

-- Tenant tables: the api's role sees the rows of the organization it is bound to, the system role sees all of its own.
DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['projects','handles','api_keys','data_keys','secrets','secret_versions','uploads','services',
    'builds','revisions','traffic_changes','operations','audit_rows','idempotency_keys','placements','targets','routes',
    'usage_records','billing_windows'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format($p$CREATE POLICY tenant ON %I TO towpath_api
      USING (organization_id = nullif(current_setting('towpath.organization_id', true), ''))
      WITH CHECK (organization_id = nullif(current_setting('towpath.organization_id', true), ''))$p$, t);
    EXECUTE format('CREATE POLICY system ON %I TO towpath_system USING (true) WITH CHECK (true)', t);
  END LOOP;
END $$;
ALTER TABLE organizations ENABLE ROW LEVEL SECURITY;
ALTER TABLE organizations FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON organizations TO towpath_api
  USING (id = nullif(current_setting('towpath.organization_id', true), ''))
  WITH CHECK (id = nullif(current_setting('towpath.organization_id', true), ''));
CREATE POLICY system ON organizations TO towpath_system USING (true) WITH CHECK (true);

-- The outbox may be written, never read, by the api; its organization must be the bound one.
ALTER TABLE outbox ENABLE ROW LEVEL SECURITY;
ALTER TABLE outbox FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON outbox FOR INSERT TO towpath_api
  WITH CHECK (organization_id = nullif(current_setting('towpath.organization_id', true), ''));
CREATE POLICY system ON outbox TO towpath_system USING (true) WITH CHECK (true);

GRANT SELECT, INSERT, UPDATE ON organizations, projects, secrets, services TO towpath_api;
GRANT SELECT, INSERT ON handles, data_keys, secret_versions, uploads, traffic_changes, operations, audit_rows TO towpath_api;
GRANT SELECT, INSERT, UPDATE ON api_keys TO towpath_api;
GRANT DELETE ON secret_versions TO towpath_api;
GRANT SELECT, INSERT, UPDATE, DELETE ON idempotency_keys TO towpath_api;
GRANT SELECT ON builds, revisions, placements, targets, routes, usage_records, billing_windows TO towpath_api;
GRANT INSERT ON outbox TO towpath_api;
GRANT SELECT, INSERT, UPDATE ON clusters, join_tokens TO towpath_api;
GRANT SELECT ON gateways TO towpath_api;

GRANT SELECT, INSERT, UPDATE, DELETE ON organizations, projects, handles, api_keys, data_keys, secrets, secret_versions,
  uploads, services, builds, revisions, operations, placements, targets, routes, clusters, gateways, join_tokens, renewal_tokens,
  leases, hub, outbox, usage_records, usage_quarantine, usage_watermarks, billing_windows,
  billing_dirty_windows TO towpath_system;
GRANT SELECT, INSERT ON traffic_changes, audit_rows TO towpath_system;

-- Key look-up happens before the tenant is known: one function, one row, nothing else.
CREATE FUNCTION find_api_key(key_hash bytea)
RETURNS TABLE (id text, organization_id text, role text, project_id text, platform_operator boolean,
               expires_at timestamptz, revoked_at timestamptz, organization_status text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
  SELECT k.id, k.organization_id, k.role, k.project_id, k.platform_operator, k.expires_at, k.revoked_at, o.status
  FROM api_keys k JOIN organizations o ON o.id = k.organization_id
  WHERE k.hash = key_hash
$$;
-- The function runs as the owner, who is under FORCE as everybody else.
CREATE POLICY owner ON api_keys FOR SELECT TO CURRENT_USER USING (true);
CREATE POLICY owner ON organizations FOR SELECT TO CURRENT_USER USING (true);
REVOKE ALL ON FUNCTION find_api_key(bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION find_api_key(bytea) TO towpath_api, towpath_system;
