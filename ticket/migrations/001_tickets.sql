-- The common fate of the tickets of each reservation. Whoever changes a reservation's tickets
-- holds the lock of its row here.
-- snapshot is kept of those that wait: no message brings it again before they are decided.
CREATE TABLE ticketings (
  reservation_id VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  show_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  state VARCHAR(12) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  reason VARCHAR(24) CHARACTER SET ascii COLLATE ascii_bin NULL,
  payment_id VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  amount BIGINT NOT NULL,
  currency CHAR(3) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  snapshot MEDIUMTEXT CHARACTER SET utf8mb4 NULL,
  traceparent VARCHAR(128) CHARACTER SET utf8mb4 NULL,
  updated_at BIGINT NOT NULL DEFAULT (CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS SIGNED))
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

-- The right to each seat. live is 1 while a ticket is issued or confirmed and NULL otherwise, so
-- the unique key admits one live ticket per seat beside any number of dead or waiting ones.
-- due_at is set while a ticket waits: when it is looked at again at the latest.
CREATE TABLE tickets (
  ticket_id VARCHAR(48) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  reservation_id VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  show_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  seat_id VARCHAR(140) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  state VARCHAR(12) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  live TINYINT NULL,
  due_at BIGINT NULL,
  UNIQUE KEY one_live_ticket (show_id, seat_id, live),
  KEY tickets_by_reservation (reservation_id),
  KEY tickets_that_wait (due_at)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;
