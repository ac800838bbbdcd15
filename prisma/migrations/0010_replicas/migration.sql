-- Replicas of a hub process that live: partitions are shared evenly among them (libs/store lease.rules.ts).
CREATE TABLE lease_holders (
  lease_group text NOT NULL,
  owner text NOT NULL,
  expires_at timestamptz(3) NOT NULL,
  PRIMARY KEY (lease_group, owner)
);

GRANT SELECT, INSERT, UPDATE, DELETE ON lease_holders TO towpath_system;

-- A write under a lease locks its row FOR KEY SHARE. With the epoch in a unique index every change of hands, also by
-- the release before, is a change of a key and waits for that write; a renewal does not.
CREATE UNIQUE INDEX leases_fence ON leases (name, epoch);
