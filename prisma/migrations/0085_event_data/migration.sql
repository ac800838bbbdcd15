-- What a message says besides its key: only of those that others than our own processes read. The release before writes none.
ALTER TABLE outbox ADD COLUMN data jsonb;
