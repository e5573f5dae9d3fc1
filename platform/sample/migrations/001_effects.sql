-- One row per effect of a message. No key forbids two for one message: tests look for those.
CREATE TABLE effects (
  effect_id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  event_id VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  reservation_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  handled_by VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  KEY effects_by_event (event_id)
) ENGINE = InnoDB;
