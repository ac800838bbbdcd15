-- What an operator says beside a refused record: other values of some fields, which never touch the record itself, or that it
-- is never to be billed; and why.
ALTER TABLE usage_quarantine
  ADD COLUMN correction jsonb,
  ADD COLUMN because text,
  ADD COLUMN dismissed_at timestamptz(3),
  ADD COLUMN dismissed_by text;
GRANT UPDATE (correction, because, dismissed_at, dismissed_by) ON usage_quarantine TO towpath_api;
