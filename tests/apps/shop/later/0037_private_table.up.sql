-- Made with the rights taken away that the app's role gets by default.
CREATE TABLE prices (product_id integer REFERENCES products, cents integer);
REVOKE ALL ON prices FROM shop_app;
