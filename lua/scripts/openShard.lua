#!lua
--[[ Declare the shard's state complete: set its epoch to a new generation.
  The generation is the id of the entry `opened` that is appended to the log, so it grows, is the
  version of every show without a later change, and reaches all who follow the log.
  KEYS
    lease   string  {sNN}:lease
    epoch   string  {sNN}:epoch
    log     stream  {sNN}:log
  ARGV
    token   of the lease
    pastId  log id that SQL has projected: all ids of this epoch are greater
  RETURNS
    OPENED <epoch>
    OPEN <epoch>     there was an epoch
    NOT_LEADER ]]
--@include clock
--@include moveTip

local leaseKey, epochKey, logKey = KEYS[1], KEYS[2], KEYS[3]
local token, pastId = ARGV[1], ARGV[2]

if redis.call('GET', leaseKey) ~= token then return { 'NOT_LEADER' } end
local known = redis.call('GET', epochKey)
if known then return { 'OPEN', known } end
moveTip(logKey, pastId)
local epoch = redis.call('XADD', logKey, '*', 'opened', cjson.encode({ whole(nowMs()) }))
redis.call('SET', epochKey, epoch)
return { 'OPENED', epoch }
