-- Since when a cluster takes no new services; null: it takes them.
ALTER TABLE clusters ADD COLUMN cordoned_at timestamptz(3);
