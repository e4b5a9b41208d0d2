ALTER TABLE products ADD COLUMN supplier_id integer REFERENCES suppliers;
