-- Paper tickets to be printed and posted, one parcel per reservation.
CREATE TABLE shipments (
  reservation_id VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  show_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  customer_id VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  tickets INT NOT NULL,
  state VARCHAR(12) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'to_pack',
  created_at BIGINT NOT NULL DEFAULT (CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS SIGNED))
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;
