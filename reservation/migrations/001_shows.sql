-- Every show, as its operator defined it. A row never changes once it is written: layouts, prices
-- and rules are immutable, so each process may keep what it has read.
CREATE TABLE shows (
  show_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  -- Where the show lives in Redis. Chosen when it is created and never moved.
  shard SMALLINT UNSIGNED NOT NULL,
  name VARCHAR(200) NOT NULL,
  starts_at BIGINT NOT NULL,
  currency CHAR(3) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  total INT UNSIGNED NOT NULL,
  -- Policy and sections as JSON in one canonical spelling: equal texts are equal shows.
  definition MEDIUMTEXT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (show_id),
  KEY shows_by_shard (shard),
  KEY shows_by_start (starts_at, show_id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;
