-- What becomes of the old revision where the new one finds all GPUs of its class taken.
ALTER TABLE services ADD COLUMN rollout text NOT NULL DEFAULT 'surge' CHECK (rollout IN ('surge', 'replace'));
