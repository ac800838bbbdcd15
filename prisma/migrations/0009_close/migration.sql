-- A closing organization is kept until then; afterwards it is erased.
ALTER TABLE organizations ADD COLUMN hold_until timestamptz(3);
