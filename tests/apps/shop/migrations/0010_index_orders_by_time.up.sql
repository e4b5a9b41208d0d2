CREATE INDEX orders_ordered_at ON orders (ordered_at);
