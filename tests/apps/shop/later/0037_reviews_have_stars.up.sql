ALTER TABLE reviews ADD COLUMN stars integer;
