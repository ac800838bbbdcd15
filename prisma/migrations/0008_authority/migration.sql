-- The certificate authority of the services' domain: platform-wide, made by identity at its first start.
CREATE TABLE authorities (
  domain text PRIMARY KEY,
  certificate text NOT NULL,
  -- sealed under the master key; only identity opens it
  sealed_key bytea NOT NULL,
  created_at timestamptz(3) NOT NULL
);

GRANT SELECT, INSERT ON authorities TO towpath_system;
GRANT SELECT (domain, certificate, created_at) ON authorities TO towpath_api;
