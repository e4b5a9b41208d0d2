ALTER TABLE customers ADD COLUMN since timestamptz NOT NULL DEFAULT now();
