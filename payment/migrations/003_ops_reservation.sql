-- What operator tools read: this service's state of each reservation. Columns are only added.
CREATE VIEW ops_reservation AS
SELECT
  reservation_id,
  show_id,
  'payment' AS service,
  state,
  CASE
    WHEN reason IS NOT NULL THEN reason
    WHEN stop = 1 AND unanswered = 1 THEN 'told to stop, a call is unanswered'
    WHEN stop = 1 THEN 'told to stop'
    WHEN unanswered = 1 THEN 'a call is unanswered'
    WHEN state IN ('requested', 'charging', 'refunding') AND attempts > 0
      THEN CONCAT('attempt ', attempts)
    ELSE ''
  END AS detail,
  amount,
  currency,
  updated_at
FROM payments;
