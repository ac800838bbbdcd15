-- The deployer is told a service's id and nothing else: its look-ups must not grow with the number of services.
CREATE INDEX services_id ON services (id);
