-- What came late for months in another currency is on an invoice of its own beside the month's. The release before makes none.
DROP INDEX invoices_month;
CREATE UNIQUE INDEX invoices_month ON invoices (organization_id, month, currency) WHERE kind = 'invoice';
