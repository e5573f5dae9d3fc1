-- What operator tools read: this service's view of each reservation.
CREATE OR REPLACE VIEW ops_reservation AS
SELECT reservation_id, show_id, 'ticket' AS service, state, reason AS detail, amount, currency,
  updated_at
FROM ticketings;
