#!lua flags=allow-oom
--[[ Give the lease of a shard back, if it is still the caller's.
  KEYS
    lease  string  {sNN}:lease
  ARGV
    token
  RETURNS
    RELEASED | NOT_HOLDER ]]

local leaseKey = KEYS[1]
local token = ARGV[1]

if redis.call('GET', leaseKey) ~= token then return { 'NOT_HOLDER' } end
redis.call('DEL', leaseKey)
return { 'RELEASED' }
