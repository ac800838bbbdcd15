-- Adjustments that an invoice has asked for; those of no invoice are on the next one. The release before makes none.
CREATE TABLE invoice_adjustments (
  organization_id text NOT NULL,
  entry_id text NOT NULL,
  invoice_id text NOT NULL,
  PRIMARY KEY (organization_id, entry_id),
  FOREIGN KEY (organization_id, entry_id) REFERENCES ledger_entries (organization_id, id),
  FOREIGN KEY (organization_id, invoice_id) REFERENCES invoices (organization_id, id)
);
CREATE INDEX ledger_entries_adjustments ON ledger_entries (organization_id, id) WHERE kind = 'adjustment';
CREATE TRIGGER invoice_adjustments_stay BEFORE UPDATE OR DELETE ON invoice_adjustments
  FOR EACH ROW EXECUTE FUNCTION refuse_stored_change();

ALTER TABLE invoice_adjustments ENABLE ROW LEVEL SECURITY;
ALTER TABLE invoice_adjustments FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON invoice_adjustments TO towpath_api
  USING (organization_id = nullif(current_setting('towpath.organization_id', true), ''))
  WITH CHECK (organization_id = nullif(current_setting('towpath.organization_id', true), ''));
CREATE POLICY system ON invoice_adjustments TO towpath_system USING (true) WITH CHECK (true);
GRANT SELECT ON invoice_adjustments TO towpath_api;
GRANT SELECT, INSERT ON invoice_adjustments TO towpath_system;
-- The bill of a month shows what its invoice will ask for: which month is invoiced next.
GRANT SELECT ON invoicing TO towpath_api;
