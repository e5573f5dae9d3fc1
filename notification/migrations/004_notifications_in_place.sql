-- A claim and its end are written in place: their columns have one length.
UPDATE notifications SET claim = '' WHERE claim IS NULL;
ALTER TABLE notifications
  MODIFY state CHAR(8) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'queued',
  MODIFY claim CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  ALGORITHM = COPY;
