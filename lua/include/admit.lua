-- The epoch that a verb of the saga may act under: the shard's, or '0-0' where there is none but
-- `permit` is the token of the lease, that is, for a rebuild at work. Otherwise nil.
local function admit(epochKey, leaseKey, permit)
  local epoch = redis.call('GET', epochKey)
  if epoch then return epoch end
  if permit ~= '' and redis.call('GET', leaseKey) == permit then return '0-0' end
  return nil
end
