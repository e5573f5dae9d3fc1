-- The states that every payment passes through have rows of one length, so that going from one to the
-- next is written in place. The provider's reference of a charge is in the ledger alone.
UPDATE payments SET claim = '' WHERE claim IS NULL;
ALTER TABLE payments
  MODIFY state CHAR(12) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  MODIFY claim CHAR(24) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  DROP COLUMN provider_ref,
  ALGORITHM = COPY;
