#!lua flags=allow-oom
--[[ Delete old entries of the log, but none that the projector has not committed.
  KEYS
    log       stream  {sNN}:log
    position  string  {sNN}:pos
  ARGV
    keepMs    entries younger than this stay
  RETURNS
    TRIMMED <count> ]]
--@include clock
--@include logIds

local logKey, positionKey = KEYS[1], KEYS[2]
local keepMs = tonumber(ARGV[1])

local position = redis.call('GET', positionKey)
if not position then return { 'TRIMMED', '0' } end
local first = whole(nowMs() - keepMs) .. '-0'
if isOlder(position, first) then first = position end
return { 'TRIMMED', tostring(redis.call('XTRIM', logKey, 'MINID', first)) }
