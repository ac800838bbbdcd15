-- Who is asked to pay. What a person may have written is here and nowhere else of the money; an erasure removes it.
CREATE TABLE billing_accounts (
  organization_id text PRIMARY KEY REFERENCES organizations (id),
  buyer jsonb NOT NULL,
  updated_at timestamptz(3) NOT NULL,
  version bigint NOT NULL DEFAULT 1
);

-- How an organization is billed from an instant on. Terms that were in force stay.
CREATE TABLE billing_terms (
  organization_id text NOT NULL REFERENCES organizations (id),
  effective_from timestamptz(3) NOT NULL,
  plan_id text NOT NULL,
  discount_percent numeric NOT NULL,
  -- [{"name": "VAT", "percent": "19"}]
  taxes jsonb NOT NULL,
  created_by text NOT NULL,
  created_at timestamptz(3) NOT NULL,
  PRIMARY KEY (organization_id, effective_from)
);

CREATE TABLE credits (
  organization_id text NOT NULL REFERENCES organizations (id),
  id text NOT NULL,
  name text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('prepaid', 'promotional')),
  currency text NOT NULL,
  amount numeric NOT NULL,
  priority integer NOT NULL,
  expires_at timestamptz(3),
  created_by text NOT NULL,
  created_at timestamptz(3) NOT NULL,
  revoked_at timestamptz(3),
  PRIMARY KEY (organization_id, id)
);

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['billing_accounts', 'billing_terms', 'credits'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format($p$CREATE POLICY tenant ON %I TO towpath_api
      USING (organization_id = nullif(current_setting('towpath.organization_id', true), ''))
      WITH CHECK (organization_id = nullif(current_setting('towpath.organization_id', true), ''))$p$, t);
    EXECUTE format('CREATE POLICY system ON %I TO towpath_system USING (true) WITH CHECK (true)', t);
  END LOOP;
END $$;

GRANT SELECT, INSERT, UPDATE ON billing_accounts, billing_terms, credits TO towpath_api;
-- the erasure
GRANT SELECT, DELETE ON billing_accounts TO towpath_system;
GRANT SELECT ON billing_terms TO towpath_system;
GRANT SELECT, UPDATE ON credits TO towpath_system;
