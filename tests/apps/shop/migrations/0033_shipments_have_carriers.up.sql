ALTER TABLE shipments ADD COLUMN carrier text;
