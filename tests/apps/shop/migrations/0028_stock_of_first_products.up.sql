INSERT INTO stock (product_id, pieces) SELECT id, 10 FROM products;
