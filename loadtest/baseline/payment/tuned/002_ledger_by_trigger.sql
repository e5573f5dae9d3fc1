-- The tuned variant changes a payment with one statement and no transaction around it. The ledger
-- entry is written by the server itself, in that statement: both or neither, in one round trip.
CREATE TRIGGER ledger_of_captures AFTER UPDATE ON payments FOR EACH ROW
  INSERT INTO ledger (payment_id, kind, currency, amount, provider_ref, created_at)
  SELECT NEW.payment_id, 'capture', NEW.currency, NEW.amount, NEW.provider_ref, NEW.updated_at
  FROM DUAL WHERE NEW.state = 'captured' AND OLD.state = 'charging';

CREATE TRIGGER ledger_of_refunds AFTER UPDATE ON payments FOR EACH ROW
  INSERT INTO ledger (payment_id, kind, currency, amount, provider_ref, created_at)
  SELECT NEW.payment_id, 'refund', NEW.currency, -NEW.amount, NEW.refund_ref, NEW.updated_at
  FROM DUAL WHERE NEW.state = 'refunded' AND OLD.state = 'refunding';
