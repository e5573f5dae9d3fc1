CREATE TABLE shows (
  show_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  shard SMALLINT UNSIGNED NOT NULL,
  name VARCHAR(200) NOT NULL,
  starts_at BIGINT NOT NULL,
  currency CHAR(3) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  -- Policy and sections as JSON in one spelling: equal texts are equal shows.
  definition MEDIUMTEXT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (show_id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

-- One checkout, from before the first call to another service. paying: forward. reversing: what was
-- done is being undone, for the reason given. Any other state is the reservation's last word.
-- due_at: when the sweep takes it up, unless whoever has it in hand finishes first; NULL: it is over.
CREATE TABLE orders (
  reservation_id VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  show_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  customer_id VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  state VARCHAR(12) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  reason VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NULL,
  -- Comma-separated indexes in layout order of the show, as the buyer named them.
  seats TEXT CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  currency CHAR(3) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  amount BIGINT NOT NULL,
  payment_token VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  contact TEXT NULL,
  -- Milliseconds of Redis's clock.
  pay_by BIGINT NOT NULL,
  version VARCHAR(42) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  due_at BIGINT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (reservation_id),
  KEY orders_by_due (due_at)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

CREATE VIEW ops_reservation AS
SELECT reservation_id, show_id, 'reservation' AS service, state, reason AS detail, amount, currency,
  updated_at
FROM orders;
