CREATE INDEX reviews_product ON reviews (product_id);
