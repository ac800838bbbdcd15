-- Why an organization is not active, in the words of who changed it, and since when.
ALTER TABLE organizations ADD COLUMN status_reason text;
ALTER TABLE organizations ADD COLUMN status_changed_at timestamptz(3);
