-- Plans that were made: one that is changed afterwards, or made elsewhere, is in no row here.
CREATE TABLE plans (
  digest CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  operator VARCHAR(128) CHARACTER SET utf8mb4 NOT NULL,
  filters TEXT CHARACTER SET utf8mb4 NOT NULL,
  counts TEXT CHARACTER SET utf8mb4 NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

-- What was done about a dead letter; the key lets it be done once. The fingerprint tells it from
-- another that lies at the same place after its topic was made anew. ended_at is NULL from just
-- before a record is sent until the broker has acknowledged it.
CREATE TABLE dispositions (
  record_id VARCHAR(160) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  fingerprint CHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  action VARCHAR(8) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  plan_digest CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
  operator VARCHAR(128) CHARACTER SET utf8mb4 NOT NULL,
  -- Of an edited one: the message as it was sent.
  body MEDIUMTEXT CHARACTER SET utf8mb4 NULL,
  begun_at BIGINT NOT NULL,
  ended_at BIGINT NULL,
  PRIMARY KEY (record_id, fingerprint)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

-- Who did what, and what came of it. ended_at stays NULL where the command was killed.
CREATE TABLE audit (
  audit_id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  operator VARCHAR(128) CHARACTER SET utf8mb4 NOT NULL,
  command VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  -- JSON: the filters that chose the records, and the options of the command.
  filters TEXT CHARACTER SET utf8mb4 NOT NULL,
  digest CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
  counts TEXT CHARACTER SET utf8mb4 NOT NULL,
  outcome VARCHAR(12) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  begun_at BIGINT NOT NULL,
  ended_at BIGINT NULL
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;
