CREATE TABLE stock (
    product_id integer PRIMARY KEY REFERENCES products,
    pieces integer NOT NULL DEFAULT 0
);
