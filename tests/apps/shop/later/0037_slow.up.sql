BEGIN;
ALTER TABLE orders ADD COLUMN total_cents integer;
-- What filling it takes in a table with many rows.
SELECT pg_sleep(3);
COMMIT;
