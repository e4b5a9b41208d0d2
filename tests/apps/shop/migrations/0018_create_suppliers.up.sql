CREATE TABLE suppliers (
    id serial PRIMARY KEY,
    name text NOT NULL
);
