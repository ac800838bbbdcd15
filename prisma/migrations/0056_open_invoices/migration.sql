-- Invoices that are not paid: kept by billing as it posts invoices, credit notes and payments. Empty before they are posted
-- for the first time, which is when ledger_due fills it.
CREATE TABLE open_invoices (
  organization_id text NOT NULL,
  invoice_id text NOT NULL,
  due_at timestamptz(3) NOT NULL,
  -- when the organization was told that it is past due
  told_at timestamptz(3),
  PRIMARY KEY (organization_id, invoice_id),
  FOREIGN KEY (organization_id, invoice_id) REFERENCES invoices (organization_id, id)
);
CREATE INDEX open_invoices_due ON open_invoices (due_at);

ALTER TABLE open_invoices ENABLE ROW LEVEL SECURITY;
ALTER TABLE open_invoices FORCE ROW LEVEL SECURITY;
CREATE POLICY system ON open_invoices TO towpath_system USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON open_invoices TO towpath_system;
