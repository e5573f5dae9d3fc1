-- The order of the words, too: which of them a late message would be dropped behind.
CREATE OR REPLACE VIEW ops_reservation AS
SELECT c.reservation_id, c.show_id, 'notification' AS service, c.last_kind AS state,
  CASE WHEN n.last_error IS NULL OR n.state = 'sent' THEN n.state
    ELSE CONCAT(n.state, ': ', n.last_error) END AS detail,
  c.amount, c.currency, GREATEST(c.updated_at, COALESCE(n.updated_at, 0)) AS updated_at,
  c.last_log_id, c.said
FROM conversations c
LEFT JOIN notifications n ON n.notification_key = CONCAT(c.reservation_id, '.', c.last_kind);
