-- The end of a day of an organization's chain of seals, signed and chained to the day before. Ids and numbers only: held when an
-- organization is erased.
CREATE TABLE ledger_days (
  organization_id text NOT NULL,
  -- UTC
  day date NOT NULL,
  -- the seals it is about: those since the day before
  first_seal bigint NOT NULL,
  last_seal bigint NOT NULL,
  -- hash of the last one, which covers all before it
  head bytea NOT NULL,
  -- hash of the day before; empty for the first
  previous bytea NOT NULL,
  hash bytea NOT NULL,
  kid text NOT NULL,
  signature bytea NOT NULL,
  PRIMARY KEY (organization_id, day),
  UNIQUE (organization_id, last_seal),
  FOREIGN KEY (organization_id, last_seal) REFERENCES ledger_seals (organization_id, number),
  CHECK (first_seal BETWEEN 1 AND last_seal)
);
CREATE TRIGGER ledger_days_kept BEFORE UPDATE OR DELETE ON ledger_days FOR EACH ROW EXECUTE FUNCTION refuse_ledger_change();
CREATE TRIGGER ledger_days_whole BEFORE TRUNCATE ON ledger_days FOR EACH STATEMENT EXECUTE FUNCTION refuse_ledger_change();
ALTER TABLE ledger_days ENABLE ROW LEVEL SECURITY;
ALTER TABLE ledger_days FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON ledger_days TO towpath_api
  USING (organization_id = nullif(current_setting('towpath.organization_id', true), ''))
  WITH CHECK (organization_id = nullif(current_setting('towpath.organization_id', true), ''));
CREATE POLICY system ON ledger_days TO towpath_system USING (true) WITH CHECK (true);
GRANT SELECT ON ledger_days TO towpath_api;
GRANT SELECT, INSERT ON ledger_days TO towpath_system;
