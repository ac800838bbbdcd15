-- What the cluster's agent found it to be and to have (conditions, GPUs), as it told last.
ALTER TABLE clusters ADD COLUMN found jsonb;
