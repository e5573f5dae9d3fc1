--@include tip

-- Makes the next id of the log greater than `pastId`, and answers the id it is greater than now.
-- A stream cannot be made empty, so a missing one begins with an entry that is deleted again.
local function moveTip(logKey, pastId)
  if redis.call('EXISTS', logKey) == 0 then
    local first = isOlder('0-0', pastId) and pastId or '0-1'
    redis.call('XADD', logKey, first, 'type', 'none')
    redis.call('XDEL', logKey, first)
    return first
  end
  local tip = tipOf(logKey)
  if not isOlder(tip, pastId) then return tip end
  redis.call('XSETID', logKey, pastId)
  return pastId
end
