-- What SQL knows of the reservations, from checkout on (and of holds that expired): enough to
-- write each of them back into a Redis that was lost. Written by the projector alone.
CREATE TABLE reservations (
  reservation_id VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  shard TINYINT UNSIGNED NOT NULL,
  show_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  customer_id VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  status VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  -- Whether the seats in Redis carry this reservation's id.
  owns TINYINT NOT NULL,
  -- Comma-separated indexes in layout order of the show, as the buyer named them.
  seats TEXT CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  currency CHAR(3) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  amount BIGINT NOT NULL,
  request_hash VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NULL,
  checkout_key VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
  checkout_hash VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NULL,
  reason VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NULL,
  payment_id VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NULL,
  -- JSON, kept as text: nothing in SQL looks inside.
  contact TEXT NULL,
  tickets MEDIUMTEXT NULL,
  traceparent VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NULL,
  -- Milliseconds of Redis's clock.
  created_at BIGINT NOT NULL,
  deadline_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  -- Log id of the last change, in its two parts so that SQL can order it.
  version_ms BIGINT NOT NULL,
  version_seq BIGINT NOT NULL,
  PRIMARY KEY (reservation_id),
  -- A rebuild reads a shard's owners of seats, and then those that ended of late.
  KEY reservations_by_ownership (shard, owns, reservation_id),
  KEY reservations_by_age (shard, updated_at, reservation_id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

-- How far each shard's log is projected. The row is locked by each projecting transaction.
CREATE TABLE projector_positions (
  shard TINYINT UNSIGNED NOT NULL,
  log_id VARCHAR(42) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  -- Raised by whoever compares the log with SQL after a lost connection: what was read from Redis
  -- before that may have been lost there, so it must not be projected any more.
  fence BIGINT NOT NULL,
  PRIMARY KEY (shard)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

-- The state of each reservation in this service: what operator tools read in every service.
CREATE VIEW ops_reservation AS
SELECT
  reservation_id,
  show_id,
  'reservation' AS service,
  status AS state,
  reason AS detail,
  amount,
  currency,
  updated_at
FROM reservations;
