-- Services that clusters or gateways hold newer than the rows do, after the hub was restored from an older copy: the
-- deployer leaves them as they are until an operator has said that the rows count. No references: the rows a service
-- belonged to may be what the copy lacks.
CREATE TABLE held_services (
  service_id text PRIMARY KEY,
  organization_id text NOT NULL,
  name text NOT NULL,
  found_at timestamptz(3) NOT NULL,
  -- the operator's word
  released_at timestamptz(3)
);

GRANT SELECT, INSERT, UPDATE, DELETE ON held_services TO towpath_system;

-- Set by a restore: billing reads again all usage that the broker still holds, and clears it.
ALTER TABLE hub ADD COLUMN usage_reread boolean NOT NULL DEFAULT false;
