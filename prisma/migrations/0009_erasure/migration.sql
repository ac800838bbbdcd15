-- The erasure of an organization: started once, advanced by the deployer, and what it found and left. It stays.
CREATE TABLE erasures (
  organization_id text PRIMARY KEY REFERENCES organizations (id),
  -- id of the operator who asked, or `towpath` when the hold had ended
  requested_by text NOT NULL,
  -- the operator's own words
  reason text,
  steps jsonb NOT NULL,
  -- every store with how many of its things were erased, emptied of names, or are kept
  stores jsonb NOT NULL DEFAULT '[]',
  started_at timestamptz(3) NOT NULL,
  finished_at timestamptz(3),
  version bigint NOT NULL DEFAULT 1
);
CREATE INDEX erasures_open ON erasures (started_at) WHERE finished_at IS NULL;
CREATE INDEX organizations_closing ON organizations (hold_until) WHERE status = 'closing';

ALTER TABLE erasures ENABLE ROW LEVEL SECURITY;
ALTER TABLE erasures FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON erasures TO towpath_api
  USING (organization_id = nullif(current_setting('towpath.organization_id', true), ''))
  WITH CHECK (organization_id = nullif(current_setting('towpath.organization_id', true), ''));
CREATE POLICY system ON erasures TO towpath_system USING (true) WITH CHECK (true);
GRANT SELECT, INSERT ON erasures TO towpath_api;
GRANT SELECT, INSERT, UPDATE ON erasures TO towpath_system;

-- What the erasure does beyond what the hub's processes do every day. Of the audit it empties the words, never the row.
GRANT DELETE ON traffic_changes TO towpath_system;
GRANT SELECT, DELETE ON idempotency_keys TO towpath_system;
GRANT UPDATE (before, after) ON audit_rows TO towpath_system;

-- A handle is never used again, also when nobody may know any more what it was.
CREATE TABLE retired_handles (
  -- SHA-256 of the handle
  digest bytea PRIMARY KEY
);
GRANT SELECT ON retired_handles TO towpath_api;
GRANT SELECT, INSERT ON retired_handles TO towpath_system;
CREATE FUNCTION pass_over_retired_handle() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM retired_handles WHERE digest = sha256(convert_to(NEW.handle, 'UTF8'))) THEN
    RETURN NULL;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER handles_retired BEFORE INSERT ON handles FOR EACH ROW EXECUTE FUNCTION pass_over_retired_handle();

-- A revision is immutable until its organization is erased: then only what it cost stays.
CREATE OR REPLACE FUNCTION refuse_revision_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF current_setting('towpath.erasing', true) = NEW.organization_id THEN
    RETURN NEW;
  END IF;
  IF (NEW.organization_id, NEW.id, NEW.project_id, NEW.service_id, NEW.name, NEW.number, NEW.template_generation,
      NEW.spec, NEW.created_at)
     IS DISTINCT FROM
     (OLD.organization_id, OLD.id, OLD.project_id, OLD.service_id, OLD.name, OLD.number, OLD.template_generation,
      OLD.spec, OLD.created_at) THEN
    RAISE EXCEPTION 'a revision is immutable';
  END IF;
  RETURN NEW;
END $$;
