-- Where an organization wants its notices sent.
CREATE TABLE webhooks (
  id text NOT NULL,
  organization_id text NOT NULL REFERENCES organizations (id),
  url text NOT NULL,
  -- types of notices; empty: all
  types text[] NOT NULL,
  -- the key its messages are signed with, sealed by the organization's data key
  data_key_id integer NOT NULL,
  sealed bytea NOT NULL,
  created_at timestamptz(3) NOT NULL,
  -- set when the receiver answered 410 Gone: nothing more is sent
  gone_at timestamptz(3),
  PRIMARY KEY (organization_id, id),
  FOREIGN KEY (organization_id, data_key_id) REFERENCES data_keys (organization_id, id)
);

-- One notice to one webhook: what became of it, in our own words.
CREATE TABLE webhook_deliveries (
  id text NOT NULL,
  organization_id text NOT NULL,
  webhook_id text NOT NULL,
  notice_id text NOT NULL,
  status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'delivered', 'failed')),
  attempts integer NOT NULL DEFAULT 0,
  last_result text,
  -- when it is tried next, or when it ended
  at timestamptz(3) NOT NULL,
  created_at timestamptz(3) NOT NULL,
  PRIMARY KEY (organization_id, id),
  UNIQUE (organization_id, webhook_id, notice_id),
  FOREIGN KEY (organization_id, webhook_id) REFERENCES webhooks (organization_id, id) ON DELETE CASCADE,
  FOREIGN KEY (organization_id, notice_id) REFERENCES notices (organization_id, id) ON DELETE CASCADE
);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (at) WHERE status = 'pending';

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['webhooks', 'webhook_deliveries'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format($p$CREATE POLICY tenant ON %I TO towpath_api
      USING (organization_id = nullif(current_setting('towpath.organization_id', true), ''))
      WITH CHECK (organization_id = nullif(current_setting('towpath.organization_id', true), ''))$p$, t);
    EXECUTE format('CREATE POLICY system ON %I TO towpath_system USING (true) WITH CHECK (true)', t);
  END LOOP;
END $$;

GRANT SELECT, INSERT, DELETE ON webhooks TO towpath_api;
GRANT SELECT ON webhook_deliveries TO towpath_api;
GRANT SELECT, UPDATE, DELETE ON webhooks TO towpath_system;
GRANT SELECT, INSERT, UPDATE, DELETE ON webhook_deliveries TO towpath_system;
