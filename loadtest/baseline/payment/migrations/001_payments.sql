-- One payment of one reservation, and what became of it. `stopped` is a reversal that came before
-- the charge, which then never happens.
CREATE TABLE payments (
  reservation_id VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  -- Derived from the reservation id (api.ts), so it needs no key of its own to be unique.
  payment_id VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  show_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  state VARCHAR(12) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  currency CHAR(3) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  amount BIGINT NOT NULL,
  token VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  -- What the provider calls the capture, and its refund.
  provider_ref VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  refund_ref VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  reason VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (reservation_id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

-- Money that moved: a capture is positive, a refund negative. Never changed.
CREATE TABLE ledger (
  entry_id BIGINT NOT NULL AUTO_INCREMENT,
  payment_id VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  kind VARCHAR(8) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  currency CHAR(3) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  amount BIGINT NOT NULL,
  provider_ref VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (entry_id),
  UNIQUE KEY ledger_by_payment (payment_id, kind)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

CREATE VIEW ops_reservation AS
SELECT reservation_id, show_id, 'payment' AS service, state, reason AS detail, amount, currency,
  updated_at
FROM payments;
