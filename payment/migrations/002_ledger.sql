-- Money that moved: a capture is positive, a refund negative, so the sum of a payment is what was
-- kept of it. Written in the transaction that changes the payment's state, and never changed.
CREATE TABLE ledger (
  entry_id BIGINT NOT NULL AUTO_INCREMENT,
  payment_id VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  kind VARCHAR(8) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  currency CHAR(3) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  amount BIGINT NOT NULL,
  provider_ref VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  -- When the provider moved the money, by its clock.
  moved_at BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (entry_id),
  UNIQUE KEY ledger_by_payment (payment_id, kind)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;
