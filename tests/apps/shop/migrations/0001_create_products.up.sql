CREATE TABLE products (
    id serial PRIMARY KEY,
    name text NOT NULL UNIQUE,
    legacy_code text,
    price_cents integer NOT NULL
);
