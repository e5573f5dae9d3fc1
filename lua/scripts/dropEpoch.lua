#!lua flags=allow-oom
--[[ Declare the shard's state incomplete: every verb refuses until it is opened again.
  The holder of the lease may do so at any time, and anyone who knows that SQL has projected an
  entry which the log does not have.
  KEYS
    lease        string  {sNN}:lease
    epoch        string  {sNN}:epoch
    log          stream  {sNN}:log
  ARGV
    token        of the lease; may be empty
    projectedId  log id that SQL has projected; may be empty
  RETURNS
    DROPPED | ABSENT | NOT_LEADER ]]
--@include tip

local leaseKey, epochKey, logKey = KEYS[1], KEYS[2], KEYS[3]
local token, projectedId = ARGV[1], ARGV[2]

local mayDrop = token ~= '' and redis.call('GET', leaseKey) == token
if not mayDrop and projectedId ~= '' then mayDrop = isOlder(tipOf(logKey), projectedId) end
if not mayDrop then return { 'NOT_LEADER' } end
if redis.call('DEL', epochKey) == 0 then return { 'ABSENT' } end
return { 'DROPPED' }
