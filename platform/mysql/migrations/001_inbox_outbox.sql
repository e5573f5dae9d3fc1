-- What a consumer has already acted upon. Written in the transaction of the action.
CREATE TABLE inbox (
  consumer VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  event_id VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  received_at BIGINT NOT NULL,
  PRIMARY KEY (consumer, event_id),
  KEY inbox_by_age (received_at)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

-- What is to be published. Written in the transaction of the change that it tells of.
-- published_at NULL means not yet; the index serves the sweep and the pruning alike.
CREATE TABLE outbox (
  id BIGINT NOT NULL AUTO_INCREMENT,
  event_id VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  topic VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  event_key VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  body MEDIUMTEXT CHARACTER SET utf8mb4 NOT NULL,
  created_at BIGINT NOT NULL,
  published_at BIGINT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY outbox_by_event (event_id),
  KEY outbox_by_publication (published_at, id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;
