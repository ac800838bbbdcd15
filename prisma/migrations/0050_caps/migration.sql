-- The most an organization may spend in a UTC month.
CREATE TABLE caps (
  organization_id text PRIMARY KEY REFERENCES organizations (id),
  amount numeric(24, 12) NOT NULL CHECK (amount > 0),
  currency text NOT NULL,
  -- not enough is left for one request more: nothing is kept warm then
  reached boolean NOT NULL DEFAULT false,
  -- the month and amount of which the organization was told that it is reached
  told text,
  created_at timestamptz(3) NOT NULL,
  version bigint NOT NULL DEFAULT 1
);

-- What each process of a gateway may spend of a cap, and has not given back.
CREATE TABLE cap_allowances (
  organization_id text NOT NULL REFERENCES caps (organization_id) ON DELETE CASCADE,
  gateway_id text NOT NULL,
  -- another one at every start of the gateway's process
  incarnation text NOT NULL,
  amount numeric(24, 12) NOT NULL CHECK (amount >= 0),
  -- how many times it has asked: what comes late changes nothing
  asked bigint NOT NULL,
  began_at timestamptz(3) NOT NULL,
  asked_at timestamptz(3) NOT NULL,
  PRIMARY KEY (organization_id, gateway_id, incarnation)
);

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['caps', 'cap_allowances'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format($p$CREATE POLICY tenant ON %I TO towpath_api
      USING (organization_id = nullif(current_setting('towpath.organization_id', true), ''))
      WITH CHECK (organization_id = nullif(current_setting('towpath.organization_id', true), ''))$p$, t);
    EXECUTE format('CREATE POLICY system ON %I TO towpath_system USING (true) WITH CHECK (true)', t);
  END LOOP;
END $$;

GRANT SELECT, INSERT, UPDATE, DELETE ON caps TO towpath_api;
GRANT SELECT ON cap_allowances TO towpath_api;
-- DELETE on caps is for the erasure
GRANT SELECT, UPDATE, DELETE ON caps TO towpath_system;
GRANT SELECT, INSERT, UPDATE, DELETE ON cap_allowances TO towpath_system;
