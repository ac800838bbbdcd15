-- Where a customer wants a service to be: region names in their order; empty: wherever the planner puts it.
ALTER TABLE services ADD COLUMN regions jsonb NOT NULL DEFAULT '[]';
