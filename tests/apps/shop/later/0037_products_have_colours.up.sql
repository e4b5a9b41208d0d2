ALTER TABLE products ADD COLUMN colour text;
