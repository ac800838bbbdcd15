-- How far it has come of what is told again as it grows: the longest is kept. 0: it does not grow.
ALTER TABLE usage_quarantine ADD COLUMN extent bigint NOT NULL DEFAULT 0;
