-- Versions of price plans: what an operator stores, and nobody changes afterwards.
CREATE TABLE price_plan_versions (
  id text PRIMARY KEY,
  plan_id text NOT NULL,
  version integer NOT NULL,
  effective_from timestamptz(3) NOT NULL,
  -- as it was given; libs/domain price reads it
  document jsonb NOT NULL,
  created_by text NOT NULL,
  created_at timestamptz(3) NOT NULL,
  UNIQUE (plan_id, version),
  UNIQUE (plan_id, effective_from)
);
GRANT SELECT, INSERT ON price_plan_versions TO towpath_api;
GRANT SELECT ON price_plan_versions TO towpath_system;

-- Also for whoever owns the tables.
CREATE FUNCTION refuse_stored_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'rows of % are never changed', TG_TABLE_NAME;
END $$;
CREATE TRIGGER price_plan_versions_stay BEFORE UPDATE OR DELETE ON price_plan_versions
  FOR EACH ROW EXECUTE FUNCTION refuse_stored_change();
