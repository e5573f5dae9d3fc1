-- Lets the record of a reservation that is over and owns no seat disappear after 24 hours.
local function retire(reservationKey)
  redis.call('PEXPIRE', reservationKey, 86400000)
end
