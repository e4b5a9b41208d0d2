-- The column was dropped 34 migrations before this one.
CREATE INDEX products_legacy_code ON products (legacy_code);
