ALTER TABLE payments ADD COLUMN paid_at timestamptz NOT NULL DEFAULT now();
