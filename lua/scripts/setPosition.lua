#!lua flags=allow-oom
--[[ Record how far the projector has committed. It never goes back.
  KEYS
    position  string  {sNN}:pos
  ARGV
    logId
  RETURNS
    POSITION <logId>     what it is now ]]
--@include logIds

local positionKey = KEYS[1]
local logId = ARGV[1]

local known = redis.call('GET', positionKey)
if known and not isOlder(known, logId) then return { 'POSITION', known } end
redis.call('SET', positionKey, logId)
return { 'POSITION', logId }
