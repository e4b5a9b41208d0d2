ALTER TABLE products ADD COLUMN category_id integer REFERENCES categories;
