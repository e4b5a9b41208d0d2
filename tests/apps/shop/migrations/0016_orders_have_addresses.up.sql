ALTER TABLE orders ADD COLUMN address_id integer REFERENCES addresses;
