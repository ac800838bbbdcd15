-- The last seal of the ledger when the invoice was made: hours that were sealed again later are what a correction comes from. Null
-- for those of before.
ALTER TABLE invoices ADD COLUMN seal_number bigint;
