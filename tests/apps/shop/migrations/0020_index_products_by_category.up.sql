CREATE INDEX products_category ON products (category_id);
