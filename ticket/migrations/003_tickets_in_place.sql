-- States of one length, so that a confirmation is written in place.
ALTER TABLE ticketings
  MODIFY state CHAR(12) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  ALGORITHM = COPY;
ALTER TABLE tickets
  MODIFY state CHAR(12) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  ALGORITHM = COPY;
