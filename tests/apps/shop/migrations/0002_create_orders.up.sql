CREATE TABLE orders (
    id serial PRIMARY KEY,
    product_id integer NOT NULL REFERENCES products,
    ordered_at timestamptz NOT NULL DEFAULT now()
);
