INSERT INTO products (name, price_cents) VALUES ('lamp', 2500), ('rug', 4900), ('table', 12000);
