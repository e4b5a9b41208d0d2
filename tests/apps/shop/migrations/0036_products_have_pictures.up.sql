ALTER TABLE products ADD COLUMN picture text;
