-- When a cluster was last heard of as working, while its agent answers and does not work; null: it works.
ALTER TABLE clusters ADD COLUMN waiting_since timestamptz(3);
