CREATE VIEW order_counts AS SELECT product_id, count(*) AS orders FROM orders GROUP BY product_id;
