-- How many GPUs the services of an organization may hold together, at most: of each its GPUs times its instances. Null: any number.
ALTER TABLE organizations ADD COLUMN gpu_quota integer CHECK (gpu_quota >= 0);
