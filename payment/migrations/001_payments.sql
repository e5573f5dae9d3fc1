-- One payment of one reservation. Times are milliseconds since 1970, by the SQL server's clock;
-- pay_by is the deadline that the reservation carries.
CREATE TABLE payments (
  reservation_id VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  -- Derived from the reservation id (payment/ids.ts), so it needs no key of its own to be unique.
  payment_id VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  show_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  state VARCHAR(12) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  -- The seats were given up while a call was under way.
  stop TINYINT NOT NULL DEFAULT 0,
  -- A call ended without an answer, so a refusal proves nothing any more.
  unanswered TINYINT NOT NULL DEFAULT 0,
  -- Calls made for the state the payment is in: charges while charging, refunds while refunding.
  attempts INT UNSIGNED NOT NULL DEFAULT 0,
  -- Who made the last call. A refusal or a lost answer counts only for the call that it belongs to.
  claim VARCHAR(24) CHARACTER SET ascii COLLATE ascii_bin NULL,
  currency CHAR(3) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  amount BIGINT NOT NULL,
  token VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  pay_by BIGINT NULL,
  -- When the sweep takes the payment up, unless somebody else does before; NULL: nothing is due.
  due_at BIGINT NULL,
  provider_ref VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  -- Why it failed, or why the money goes back.
  reason VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NULL,
  -- What every message about the reservation carries, as JSON.
  snapshot MEDIUMTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  traceparent VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (reservation_id),
  KEY payments_by_due (due_at)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;
