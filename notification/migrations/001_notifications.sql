-- What the customer of each reservation has been told. Whoever tells more holds its row's lock.
-- said lists the kinds of notices so far: each is said once, whatever comes again.
CREATE TABLE conversations (
  reservation_id VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  show_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  last_log_id VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NULL,
  last_kind VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  said VARCHAR(80) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  is_refunded TINYINT NOT NULL,
  amount BIGINT NOT NULL,
  currency CHAR(3) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  updated_at BIGINT NOT NULL DEFAULT (CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS SIGNED))
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

-- One notice on its way by mail: queued -> sending -> sent, back to queued when an attempt fails,
-- failed when it is given up. due_at says when it may be attempted next; while it is being sent,
-- until when its sender (claim) is believed to be alive. NULL when there is nothing more to do.
CREATE TABLE notifications (
  notification_key VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  reservation_id VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  kind VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  state VARCHAR(8) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'queued',
  attempts INT NOT NULL DEFAULT 0,
  due_at BIGINT NULL DEFAULT (CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS SIGNED)),
  claim CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NULL,
  facts MEDIUMTEXT CHARACTER SET utf8mb4 NOT NULL,
  last_error VARCHAR(500) CHARACTER SET utf8mb4 NULL,
  created_at BIGINT NOT NULL DEFAULT (CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS SIGNED)),
  updated_at BIGINT NOT NULL DEFAULT (CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS SIGNED)),
  KEY notifications_due (due_at)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;
