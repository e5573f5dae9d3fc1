#!lua flags=allow-oom
--[[ Take the lease of a shard, or renew it when it is the caller's.
  KEYS
    lease  string  {sNN}:lease
  ARGV
    token  unguessable, of this holder's term
    ttlMs
  RETURNS
    TAKEN                  nobody had it
    RENEWED
    BUSY <remainingMs>     it is someone else's ]]

local leaseKey = KEYS[1]
local token, ttlMs = ARGV[1], ARGV[2]

local holder = redis.call('GET', leaseKey)
if holder and holder ~= token then
  return { 'BUSY', tostring(redis.call('PTTL', leaseKey)) }
end
redis.call('SET', leaseKey, token, 'PX', ttlMs)
return { holder and 'RENEWED' or 'TAKEN' }
