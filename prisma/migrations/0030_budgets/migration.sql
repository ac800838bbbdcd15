-- An amount of money for each UTC month: of the organization, of a project, or of a service.
CREATE TABLE budgets (
  id text NOT NULL,
  organization_id text NOT NULL REFERENCES organizations (id),
  project_id text,
  service_id text,
  amount numeric(24, 12) NOT NULL CHECK (amount > 0),
  currency text NOT NULL,
  -- [{percent, on}]
  thresholds jsonb NOT NULL,
  created_at timestamptz(3) NOT NULL,
  version bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (organization_id, id),
  FOREIGN KEY (organization_id, project_id) REFERENCES projects (organization_id, id),
  FOREIGN KEY (organization_id, service_id) REFERENCES services (organization_id, id),
  CONSTRAINT budgets_scope CHECK (service_id IS NULL OR project_id IS NOT NULL)
);

-- What its scope cost when billing last looked. Exact: a decimal, or a fraction where none ends.
CREATE TABLE budget_states (
  organization_id text NOT NULL,
  budget_id text NOT NULL,
  month text NOT NULL,
  spent text NOT NULL,
  forecast text,
  evaluated_at timestamptz(3) NOT NULL,
  PRIMARY KEY (organization_id, budget_id),
  FOREIGN KEY (organization_id, budget_id) REFERENCES budgets (organization_id, id) ON DELETE CASCADE
);

-- Thresholds that were reached: each once in a month, also when the budget was changed since.
CREATE TABLE budget_alerts (
  organization_id text NOT NULL,
  budget_id text NOT NULL,
  month text NOT NULL,
  basis text NOT NULL CHECK (basis IN ('actual', 'forecast')),
  percent integer NOT NULL,
  reached_at timestamptz(3) NOT NULL,
  PRIMARY KEY (organization_id, budget_id, month, basis, percent),
  FOREIGN KEY (organization_id, budget_id) REFERENCES budgets (organization_id, id) ON DELETE CASCADE
);

-- What an organization is told. Ids, numbers and times only.
CREATE TABLE notices (
  id text NOT NULL,
  organization_id text NOT NULL REFERENCES organizations (id),
  type text NOT NULL,
  data jsonb NOT NULL,
  created_at timestamptz(3) NOT NULL,
  PRIMARY KEY (organization_id, id)
);

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['budgets', 'budget_states', 'budget_alerts', 'notices'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format($p$CREATE POLICY tenant ON %I TO towpath_api
      USING (organization_id = nullif(current_setting('towpath.organization_id', true), ''))
      WITH CHECK (organization_id = nullif(current_setting('towpath.organization_id', true), ''))$p$, t);
    EXECUTE format('CREATE POLICY system ON %I TO towpath_system USING (true) WITH CHECK (true)', t);
  END LOOP;
END $$;

GRANT SELECT, INSERT, UPDATE, DELETE ON budgets TO towpath_api;
GRANT SELECT ON budget_states, budget_alerts, notices TO towpath_api;
-- A cascade runs as the owner; erasing an organization deletes as the system.
GRANT SELECT, UPDATE, DELETE ON budgets TO towpath_system;
GRANT SELECT, INSERT, UPDATE, DELETE ON budget_states TO towpath_system;
GRANT SELECT, INSERT, DELETE ON budget_alerts, notices TO towpath_system;
