-- The record at `key` twice: flat as HGETALL answers it, and by field; nil when there is none.
local function readRecord(key)
  local flat = redis.call('HGETALL', key)
  if #flat == 0 then return nil end
  local record = {}
  for at = 1, #flat, 2 do record[flat[at]] = flat[at + 1] end
  return flat, record
end

-- An outcome that carries a whole record: what was read, then what was changed since. Whoever
-- reads it lets later fields win.
local function outcomeWith(tag, flat, changes)
  local outcome = { tag }
  for at = 1, #flat do outcome[at + 1] = flat[at] end
  for at = 1, #changes do outcome[#outcome + 1] = changes[at] end
  return outcome
end
