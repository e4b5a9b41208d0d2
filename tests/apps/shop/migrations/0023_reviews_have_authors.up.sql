ALTER TABLE reviews ADD COLUMN customer_id integer REFERENCES customers;
