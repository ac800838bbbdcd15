-- Notices are kept for a time; what is too old is found without reading the rest.
CREATE INDEX notices_age ON notices (created_at);
-- An operator looks at the quarantine of one organization.
CREATE INDEX usage_quarantine_organization ON usage_quarantine ((body->>'organizationId'), number);
