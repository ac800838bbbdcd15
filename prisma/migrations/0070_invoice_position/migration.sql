-- Up to where usage was taken in when the invoice was made: a replay counts exactly that. Null for those made before, and where
-- usage of the month came in that moment.
ALTER TABLE invoices ADD COLUMN position bigint;
