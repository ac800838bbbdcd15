-- Invoices, credit notes and payments that the ledger does not have yet. Whoever writes one, also the release before, adds
-- its row in the same transaction; billing posts it and takes the row away.
CREATE TABLE ledger_due (
  organization_id text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('invoice', 'payment')),
  id text NOT NULL,
  PRIMARY KEY (organization_id, kind, id)
);

CREATE FUNCTION due_in_ledger() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO ledger_due (organization_id, kind, id) VALUES (NEW.organization_id, TG_ARGV[0], NEW.id);
  RETURN NULL;
END $$;
CREATE TRIGGER invoices_due AFTER INSERT ON invoices FOR EACH ROW EXECUTE FUNCTION due_in_ledger('invoice');
CREATE TRIGGER payments_due AFTER INSERT ON payments FOR EACH ROW EXECUTE FUNCTION due_in_ledger('payment');
INSERT INTO ledger_due SELECT organization_id, 'invoice', id FROM invoices;
INSERT INTO ledger_due SELECT organization_id, 'payment', id FROM payments;

ALTER TABLE ledger_due ENABLE ROW LEVEL SECURITY;
ALTER TABLE ledger_due FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON ledger_due TO towpath_api
  USING (organization_id = nullif(current_setting('towpath.organization_id', true), ''))
  WITH CHECK (organization_id = nullif(current_setting('towpath.organization_id', true), ''));
CREATE POLICY system ON ledger_due TO towpath_system USING (true) WITH CHECK (true);
GRANT INSERT ON ledger_due TO towpath_api;
GRANT SELECT, INSERT, DELETE ON ledger_due TO towpath_system;
