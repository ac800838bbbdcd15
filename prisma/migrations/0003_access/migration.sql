-- Keys that tokens are signed with. Platform-wide; identity alone opens a private key.
CREATE TABLE signing_keys (
  kid text PRIMARY KEY,
  purpose text NOT NULL CHECK (purpose IN ('access', 'invoke')),
  public_jwk jsonb NOT NULL,
  -- PKCS #8 under AES-256-GCM with the master key, additional data signing_key|kid
  sealed_private bytea NOT NULL,
  created_at timestamptz(3) NOT NULL,
  -- signs no more; what it signed is believed until it expires
  retired_at timestamptz(3)
);
CREATE UNIQUE INDEX signing_keys_current ON signing_keys (purpose) WHERE retired_at IS NULL;

GRANT SELECT, INSERT, UPDATE, DELETE ON signing_keys TO towpath_system;
GRANT SELECT (kid, purpose, public_jwk, created_at, retired_at) ON signing_keys TO towpath_api;
