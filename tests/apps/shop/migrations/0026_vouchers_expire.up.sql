ALTER TABLE vouchers ADD COLUMN expires_at timestamptz;
