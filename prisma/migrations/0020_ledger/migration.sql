-- From usage to money: windows of an hour that close, their lines, a double-entry ledger, and seals over both. Ids and
-- numbers only: nothing here is erased with its organization.

-- How far usage was taken in. The row is locked by whoever takes usage in, so transactions have an order, and "all that
-- was taken in up to here" is a set that never changes.
CREATE TABLE usage_intake (
  partition text PRIMARY KEY,
  position bigint NOT NULL,
  -- the highest message of the stream taken in so far
  stream_sequence bigint NOT NULL,
  updated_at timestamptz(3) NOT NULL
);
INSERT INTO usage_intake VALUES ('0', 0, 0, now());
GRANT SELECT, INSERT, UPDATE ON usage_intake TO towpath_system;

-- The position at which a record was taken in; null before there were positions.
ALTER TABLE usage_records ADD COLUMN taken bigint;

-- How far in time a producer's records reach.
ALTER TABLE usage_watermarks ADD COLUMN end_ms bigint NOT NULL DEFAULT 0;

-- The operator's word about a quarantined record, and what billing did then.
ALTER TABLE usage_quarantine
  ADD COLUMN released_at timestamptz(3),
  ADD COLUMN released_by text,
  ADD COLUMN settled_at timestamptz(3),
  -- stored, repeated, or why it could not be released
  ADD COLUMN outcome text;
CREATE INDEX usage_quarantine_released ON usage_quarantine (released_at) WHERE released_at IS NOT NULL AND settled_at IS NULL;
GRANT SELECT, UPDATE (released_at, released_by, settled_at, outcome) ON usage_quarantine TO towpath_api;

-- ---- windows: one hour of one organization

CREATE TABLE ledger_windows (
  organization_id text NOT NULL,
  start_ms bigint NOT NULL,
  -- the ledger does not say yet what the usage of the hour says
  unsettled boolean NOT NULL DEFAULT true,
  closed_at timestamptz(3),
  -- up to where usage was taken in when it closed
  position bigint,
  -- producers that it closed without
  without jsonb,
  -- the seal over its lines
  seal_number bigint,
  -- the invoice that carries it
  invoice_id text,
  PRIMARY KEY (organization_id, start_ms),
  CHECK ((closed_at IS NULL) = (position IS NULL) AND (closed_at IS NULL) = (seal_number IS NULL)),
  CHECK (invoice_id IS NULL OR closed_at IS NOT NULL)
);
CREATE INDEX ledger_windows_unsettled ON ledger_windows (start_ms) WHERE unsettled;

CREATE FUNCTION keep_closed_window() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (OLD.closed_at IS NOT NULL AND (NEW.closed_at, NEW.position, NEW.without, NEW.seal_number)
      IS DISTINCT FROM (OLD.closed_at, OLD.position, OLD.without, OLD.seal_number))
    OR (OLD.invoice_id IS NOT NULL AND NEW.invoice_id IS DISTINCT FROM OLD.invoice_id) THEN
    RAISE EXCEPTION 'a closed window never changes';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER ledger_windows_closed BEFORE UPDATE ON ledger_windows FOR EACH ROW EXECUTE FUNCTION keep_closed_window();

-- Whoever sets a minute of usage, also the release before, makes its hour unsettled in the same transaction. The row's
-- lock keeps minutes and their hour's closing apart.
CREATE FUNCTION unsettle_hours() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO ledger_windows (organization_id, start_ms)
  SELECT DISTINCT organization_id, window_start_ms / 3600000 * 3600000 FROM changed ORDER BY 1, 2
  ON CONFLICT (organization_id, start_ms) DO UPDATE SET unsettled = true;
  RETURN NULL;
END $$;
CREATE TRIGGER billing_windows_new AFTER INSERT ON billing_windows REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION unsettle_hours();
CREATE TRIGGER billing_windows_set AFTER UPDATE ON billing_windows REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION unsettle_hours();
INSERT INTO ledger_windows (organization_id, start_ms)
  SELECT DISTINCT organization_id, window_start_ms / 3600000 * 3600000 FROM billing_windows;

-- ---- the ledger

-- What one seal covers: the lines of a window, or of its correction, and ledger entries. Chained by `previous`.
CREATE TABLE ledger_seals (
  organization_id text NOT NULL,
  number bigint NOT NULL,
  kind text NOT NULL CHECK (kind IN ('entries', 'window', 'correction')),
  -- UTC day on which it was sealed
  day date NOT NULL,
  window_start_ms bigint,
  -- up to where usage was taken in
  position bigint NOT NULL,
  stream_sequence bigint NOT NULL,
  lines integer NOT NULL,
  entries integer NOT NULL,
  root bytea NOT NULL,
  -- hash of the seal before; empty for the first
  previous bytea NOT NULL,
  hash bytea NOT NULL,
  kid text NOT NULL,
  signature bytea NOT NULL,
  sealed_at timestamptz(3) NOT NULL,
  PRIMARY KEY (organization_id, number),
  CHECK ((kind = 'entries') = (window_start_ms IS NULL))
);
CREATE INDEX ledger_seals_window ON ledger_seals (organization_id, window_start_ms, number);
CREATE INDEX ledger_seals_day ON ledger_seals (organization_id, day, number);

-- One price item of one revision in one window, at list price, exact. Lines of a correction are differences.
CREATE TABLE ledger_lines (
  organization_id text NOT NULL,
  seal_number bigint NOT NULL,
  ordinal integer NOT NULL,
  window_start_ms bigint NOT NULL,
  project_id text NOT NULL,
  service_id text NOT NULL,
  -- '' for what was answered before a revision was chosen
  revision_id text NOT NULL,
  price_zone text NOT NULL,
  plan_id text NOT NULL,
  plan_version integer NOT NULL,
  item text NOT NULL,
  -- the measure times its factor: ms, bytes or counts
  measured numeric NOT NULL,
  multiplier numeric NOT NULL,
  -- amount / divisor; the divisor is 1 wherever a decimal ends
  amount numeric NOT NULL,
  divisor numeric NOT NULL CHECK (divisor > 0),
  PRIMARY KEY (organization_id, seal_number, ordinal),
  FOREIGN KEY (organization_id, seal_number) REFERENCES ledger_seals (organization_id, number)
);
CREATE INDEX ledger_lines_window ON ledger_lines (organization_id, window_start_ms);

-- One thing that happened to an organization's money. The key makes it happen once.
CREATE TABLE ledger_entries (
  organization_id text NOT NULL,
  id text NOT NULL,
  key text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('payment', 'credit', 'adjustment', 'usage', 'correction', 'invoice', 'credit_note')),
  currency text NOT NULL,
  -- of usage and corrections: the window they are about
  window_start_ms bigint,
  -- what it is about: an invoice, a payment
  reference text,
  -- who did it: a key, a person, or `towpath`
  actor_id text NOT NULL,
  created_at timestamptz(3) NOT NULL,
  -- the seal that covers it; null until it is sealed
  seal_number bigint,
  PRIMARY KEY (organization_id, id),
  UNIQUE (organization_id, key),
  FOREIGN KEY (organization_id, seal_number) REFERENCES ledger_seals (organization_id, number),
  CHECK ((kind IN ('usage', 'correction')) = (window_start_ms IS NOT NULL))
);
CREATE INDEX ledger_entries_unsealed ON ledger_entries (organization_id) WHERE seal_number IS NULL;
CREATE INDEX ledger_entries_seal ON ledger_entries (organization_id, seal_number);

-- `balance` is what the organization owes; every entry sums to zero.
CREATE TABLE ledger_postings (
  organization_id text NOT NULL,
  entry_id text NOT NULL,
  account text NOT NULL CHECK (account IN ('balance', 'charges', 'credits', 'rounding', 'payments', 'adjustments', 'tax')),
  amount numeric NOT NULL,
  divisor numeric NOT NULL CHECK (divisor > 0),
  PRIMARY KEY (organization_id, entry_id, account, divisor),
  FOREIGN KEY (organization_id, entry_id) REFERENCES ledger_entries (organization_id, id)
);

-- Why somebody adjusted something, in their words: not part of the ledger, erased with the organization.
CREATE TABLE ledger_notes (
  organization_id text NOT NULL,
  entry_id text NOT NULL,
  text text NOT NULL,
  PRIMARY KEY (organization_id, entry_id),
  FOREIGN KEY (organization_id, entry_id) REFERENCES ledger_entries (organization_id, id)
);

-- ---- what is written stays

CREATE FUNCTION refuse_ledger_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the ledger is only added to';
END $$;
DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['ledger_seals', 'ledger_lines', 'ledger_postings'] LOOP
    EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE OR DELETE ON %I FOR EACH ROW EXECUTE FUNCTION refuse_ledger_change()',
      t || '_kept', t);
  END LOOP;
  FOREACH t IN ARRAY ARRAY['ledger_seals', 'ledger_lines', 'ledger_postings', 'ledger_entries', 'ledger_windows'] LOOP
    EXECUTE format('CREATE TRIGGER %I BEFORE TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION refuse_ledger_change()',
      t || '_whole', t);
  END LOOP;
END $$;
CREATE TRIGGER ledger_windows_kept BEFORE DELETE ON ledger_windows FOR EACH ROW EXECUTE FUNCTION refuse_ledger_change();
CREATE TRIGGER ledger_entries_gone BEFORE DELETE ON ledger_entries FOR EACH ROW EXECUTE FUNCTION refuse_ledger_change();

-- Of an entry nothing changes but that it becomes sealed, once.
CREATE FUNCTION keep_ledger_entry() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.seal_number IS NOT NULL OR to_jsonb(NEW) - 'seal_number' IS DISTINCT FROM to_jsonb(OLD) - 'seal_number' THEN
    RAISE EXCEPTION 'the ledger is only added to';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER ledger_entries_kept BEFORE UPDATE ON ledger_entries FOR EACH ROW EXECUTE FUNCTION keep_ledger_entry();

-- Nothing is added to an entry that is sealed.
CREATE FUNCTION refuse_posting_to_sealed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM ledger_entries WHERE organization_id = NEW.organization_id AND id = NEW.entry_id
             AND seal_number IS NOT NULL) THEN
    RAISE EXCEPTION 'the ledger entry is sealed';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER ledger_postings_open BEFORE INSERT ON ledger_postings FOR EACH ROW EXECUTE FUNCTION refuse_posting_to_sealed();

-- By divisor, so that no fraction has to be added to another.
CREATE FUNCTION check_entry_sum() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM ledger_postings WHERE organization_id = NEW.organization_id AND entry_id = NEW.entry_id
             GROUP BY divisor HAVING sum(amount) <> 0) THEN
    RAISE EXCEPTION 'ledger entry % does not sum to zero', NEW.entry_id;
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER ledger_postings_sum AFTER INSERT ON ledger_postings DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION check_entry_sum();

-- ---- rights

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['ledger_windows', 'ledger_seals', 'ledger_lines', 'ledger_entries', 'ledger_postings',
    'ledger_notes'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format($p$CREATE POLICY tenant ON %I TO towpath_api
      USING (organization_id = nullif(current_setting('towpath.organization_id', true), ''))
      WITH CHECK (organization_id = nullif(current_setting('towpath.organization_id', true), ''))$p$, t);
    EXECUTE format('CREATE POLICY system ON %I TO towpath_system USING (true) WITH CHECK (true)', t);
  END LOOP;
END $$;
GRANT SELECT ON ledger_windows, ledger_seals, ledger_lines, ledger_entries, ledger_postings, ledger_notes TO towpath_api;
GRANT INSERT ON ledger_entries, ledger_postings, ledger_notes TO towpath_api;
-- Payments, credits and adjustments come by API; what usage costs does not.
CREATE POLICY by_api ON ledger_entries AS RESTRICTIVE FOR INSERT TO towpath_api
  WITH CHECK (kind IN ('credit', 'payment', 'adjustment') AND seal_number IS NULL);
GRANT SELECT, INSERT ON ledger_windows, ledger_seals, ledger_lines, ledger_entries, ledger_postings, ledger_notes TO towpath_system;
GRANT UPDATE (unsettled, closed_at, position, without, seal_number, invoice_id) ON ledger_windows TO towpath_system;
GRANT UPDATE (seal_number) ON ledger_entries TO towpath_system;
GRANT DELETE ON ledger_notes TO towpath_system;

-- Seals are signed by billing, with a key of their own.
ALTER TABLE signing_keys DROP CONSTRAINT signing_keys_purpose_check;
ALTER TABLE signing_keys ADD CONSTRAINT signing_keys_purpose_check CHECK (purpose IN ('access', 'invoke', 'ledger'));
