-- A join whose answer was lost is resumed: whoever sent the token first may ask again with the same nonce and is the
-- same member then. Only the nonce's SHA-256 is kept.
ALTER TABLE join_tokens ADD COLUMN nonce_hash bytea, ADD COLUMN member_id text;
