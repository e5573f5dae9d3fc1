-- The right to each seat. live is 1 while a ticket stands and NULL when it is void, so the unique
-- key admits one live ticket per seat beside any number of void ones.
CREATE TABLE tickets (
  ticket_id VARCHAR(48) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  reservation_id VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  show_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  seat_id VARCHAR(140) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  state VARCHAR(12) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  live TINYINT NULL,
  updated_at BIGINT NOT NULL,
  UNIQUE KEY one_live_ticket (show_id, seat_id, live),
  KEY tickets_by_reservation (reservation_id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

CREATE VIEW ops_reservation AS
SELECT reservation_id, MIN(show_id) AS show_id, 'ticket' AS service, MIN(state) AS state,
  NULL AS detail, MAX(updated_at) AS updated_at
FROM tickets
GROUP BY reservation_id;
