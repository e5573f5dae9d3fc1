#!lua flags=allow-oom
--[[ Delete keys of a shard whose state is not complete, so that a rebuild starts from nothing.
  KEYS
    lease   string  {sNN}:lease
    epoch   string  {sNN}:epoch
    each key:
      key   any     {sNN}:*
  ARGV
    token   of the lease
  RETURNS
    CLEARED <count>
    OPEN <epoch>     there is an epoch
    NOT_LEADER ]]

local leaseKey, epochKey = KEYS[1], KEYS[2]
local token = ARGV[1]

if redis.call('GET', leaseKey) ~= token then return { 'NOT_LEADER' } end
local epoch = redis.call('GET', epochKey)
if epoch then return { 'OPEN', epoch } end
if #KEYS == 2 then return { 'CLEARED', '0' } end
return { 'CLEARED', tostring(redis.call('UNLINK', unpack(KEYS, 3))) }
