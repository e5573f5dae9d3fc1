-- One notice on its way by mail: queued -> sending -> sent. due_at says when it may be attempted
-- next; while it is being sent, until when its sender (claim) is believed to be alive.
CREATE TABLE notifications (
  notification_key VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  reservation_id VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  kind VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  state VARCHAR(8) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'queued',
  attempts INT NOT NULL DEFAULT 0,
  due_at BIGINT NULL,
  claim CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NULL,
  facts MEDIUMTEXT CHARACTER SET utf8mb4 NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  KEY notifications_due (due_at)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;
