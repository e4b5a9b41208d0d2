ALTER TABLE orders ADD COLUMN voucher text REFERENCES vouchers;
