-- When an organization began to close, also after it is closed: fees end with it. The release before sets it too.
ALTER TABLE organizations ADD COLUMN ended_at timestamptz(3);
UPDATE organizations SET ended_at = status_changed_at WHERE status IN ('closing', 'closed');
CREATE FUNCTION set_organization_end() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.status = 'closing' AND OLD.status <> 'closing' THEN
    NEW.ended_at := NEW.status_changed_at;
  ELSIF NEW.status NOT IN ('closing', 'closed') THEN
    NEW.ended_at := NULL;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER organizations_end BEFORE UPDATE OF status ON organizations FOR EACH ROW EXECUTE FUNCTION set_organization_end();

-- From which UTC month on invoices are made: nobody is asked for what was used before there were any.
CREATE TABLE invoicing (
  since text PRIMARY KEY
);
INSERT INTO invoicing (since) VALUES (to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM'));

-- The last number of each series, taken in the transaction of the invoice that gets it. A restore begins new series.
CREATE TABLE invoice_numbers (
  kind text NOT NULL,
  series bigint NOT NULL,
  last bigint NOT NULL,
  PRIMARY KEY (kind, series)
);

-- Invoices and credit notes: what was asked for, once and for all. The buyer is a digest; its words are erasable.
CREATE TABLE invoices (
  organization_id text NOT NULL REFERENCES organizations (id),
  id text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('invoice', 'credit_note')),
  number text NOT NULL UNIQUE,
  month text NOT NULL,
  currency text NOT NULL,
  -- of a credit note: the invoice that it takes back
  voids text,
  payable numeric NOT NULL,
  -- the bytes that the digest is of
  body text NOT NULL,
  digest bytea NOT NULL,
  buyer_digest bytea,
  issued_at timestamptz(3) NOT NULL,
  due_at timestamptz(3) NOT NULL,
  PRIMARY KEY (organization_id, id),
  FOREIGN KEY (organization_id, voids) REFERENCES invoices (organization_id, id)
);
CREATE UNIQUE INDEX invoices_month ON invoices (organization_id, month) WHERE kind = 'invoice';
CREATE UNIQUE INDEX invoices_voids ON invoices (organization_id, voids) WHERE voids IS NOT NULL;

CREATE TABLE invoice_buyers (
  organization_id text NOT NULL REFERENCES organizations (id),
  digest bytea NOT NULL,
  buyer jsonb NOT NULL,
  PRIMARY KEY (organization_id, digest)
);

-- Months that are done with, also those in which nothing was owed.
CREATE TABLE invoiced_months (
  organization_id text NOT NULL REFERENCES organizations (id),
  month text NOT NULL,
  invoice_id text,
  closed_at timestamptz(3) NOT NULL,
  PRIMARY KEY (organization_id, month),
  FOREIGN KEY (organization_id, invoice_id) REFERENCES invoices (organization_id, id)
);

-- What invoices took of credits; credit notes give it back with a minus.
CREATE TABLE credit_uses (
  organization_id text NOT NULL,
  credit_id text NOT NULL,
  invoice_id text NOT NULL,
  amount numeric NOT NULL,
  PRIMARY KEY (organization_id, credit_id, invoice_id),
  FOREIGN KEY (organization_id, credit_id) REFERENCES credits (organization_id, id),
  FOREIGN KEY (organization_id, invoice_id) REFERENCES invoices (organization_id, id)
);

CREATE TABLE payments (
  organization_id text NOT NULL,
  id text NOT NULL,
  invoice_id text NOT NULL,
  amount numeric NOT NULL,
  -- what a payment provider calls it
  reference text,
  received_at timestamptz(3) NOT NULL,
  created_by text NOT NULL,
  created_at timestamptz(3) NOT NULL,
  PRIMARY KEY (organization_id, id),
  FOREIGN KEY (organization_id, invoice_id) REFERENCES invoices (organization_id, id)
);
CREATE UNIQUE INDEX payments_reference ON payments (organization_id, invoice_id, reference) WHERE reference IS NOT NULL;

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['invoices', 'invoice_buyers', 'invoiced_months', 'credit_uses', 'payments'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format($p$CREATE POLICY tenant ON %I TO towpath_api
      USING (organization_id = nullif(current_setting('towpath.organization_id', true), ''))
      WITH CHECK (organization_id = nullif(current_setting('towpath.organization_id', true), ''))$p$, t);
    EXECUTE format('CREATE POLICY system ON %I TO towpath_system USING (true) WITH CHECK (true)', t);
  END LOOP;
  FOREACH t IN ARRAY ARRAY['invoices', 'invoiced_months', 'credit_uses', 'payments'] LOOP
    EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE OR DELETE ON %I FOR EACH ROW EXECUTE FUNCTION refuse_stored_change()',
      t || '_stay', t);
  END LOOP;
END $$;
-- The api makes credit notes; invoices are made by billing alone.
CREATE POLICY notes ON invoices AS RESTRICTIVE FOR INSERT TO towpath_api WITH CHECK (kind = 'credit_note');

GRANT SELECT, INSERT ON invoices, credit_uses, payments TO towpath_api;
GRANT SELECT ON invoice_buyers, invoiced_months TO towpath_api;
GRANT SELECT, INSERT, UPDATE ON invoice_numbers TO towpath_api, towpath_system;
GRANT SELECT (epoch) ON hub TO towpath_api;
GRANT SELECT, INSERT ON invoices, invoiced_months, credit_uses TO towpath_system;
GRANT SELECT, INSERT, DELETE ON invoice_buyers TO towpath_system;
GRANT SELECT ON payments, invoicing TO towpath_system;
