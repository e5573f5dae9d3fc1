#!lua
--[[ Move the log's next id past a given one, while the shard's state is not complete.
  What a rebuild logs must come after everything that SQL has projected, whatever the clock says.
  KEYS
    lease   string  {sNN}:lease
    epoch   string  {sNN}:epoch
    log     stream  {sNN}:log
  ARGV
    token   of the lease
    pastId  log id that SQL has projected
  RETURNS
    MOVED <tip>      the next id will be greater than tip
    OPEN <epoch>     there is an epoch
    NOT_LEADER ]]
--@include moveTip

local leaseKey, epochKey, logKey = KEYS[1], KEYS[2], KEYS[3]
local token, pastId = ARGV[1], ARGV[2]

if redis.call('GET', leaseKey) ~= token then return { 'NOT_LEADER' } end
local epoch = redis.call('GET', epochKey)
if epoch then return { 'OPEN', epoch } end
return { 'MOVED', moveTip(logKey, pastId) }
