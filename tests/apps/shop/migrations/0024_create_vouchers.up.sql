CREATE TABLE vouchers (
    code text PRIMARY KEY,
    cents integer NOT NULL
);
