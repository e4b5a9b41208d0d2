ALTER TABLE orders ADD COLUMN customer_id integer REFERENCES customers;
