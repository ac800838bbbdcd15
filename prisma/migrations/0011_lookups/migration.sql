-- What every write or read of a service looks for, so that it costs the same in an organization of ten services and of
-- ten thousand.
CREATE INDEX services_leaving ON services (organization_id, project_id, name)
  WHERE deleted_at IS NOT NULL AND removed_at IS NULL;
CREATE INDEX projects_handle ON projects (organization_id, handle);
