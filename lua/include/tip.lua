--@include logIds

-- Id of the last entry ever appended to the log, deleted ones included; '0-0' without a log.
local function tipOf(logKey)
  if redis.call('EXISTS', logKey) == 0 then return '0-0' end
  local info = redis.call('XINFO', 'STREAM', logKey)
  for at = 1, #info, 2 do
    if info[at] == 'last-generated-id' then return info[at + 1] end
  end
end
