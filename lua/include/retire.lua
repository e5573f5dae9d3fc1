-- Lets the record of a reservation that is over and owns no seat disappear: after 24 hours when it
-- never reached checkout, else after 7 days. A message about its payment may be that late, for so
-- long Kafka and the outbox keep it, and must not meet a second life of the same id.
local function retire(reservationKey, reachedCheckout)
  redis.call('PEXPIRE', reservationKey, reachedCheckout and 604800000 or 86400000)
end
