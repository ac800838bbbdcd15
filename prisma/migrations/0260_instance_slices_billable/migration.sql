-- Time of instances that a cap did not pay for when it was taken in is kept as what ran, and never billed.
ALTER TABLE instance_slices ADD COLUMN billable boolean NOT NULL DEFAULT true;
CREATE INDEX instance_slices_unpaid ON instance_slices (organization_id, from_ms) WHERE NOT billable;
