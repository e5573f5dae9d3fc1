-- What a log entry says beside its type, in the order in which it says it (lua/logEntry.ts reads it).
local ENTRY_FIELDS = {
  'show', 'prev', 'reservation', 'customer', 'seats', 'currency', 'amount', 'created', 'deadline',
  'at', 'state', 'moved', 'payment', 'tickets', 'cause', 'trace', 'token', 'hash', 'checkoutKey',
  'checkoutHash', 'contact', 'reason', 'owns', 'phase',
}

-- Appends an entry (name -> text; what is nil is left out) and answers its id. The values travel as
-- one array: for Redis and for every reader that costs a fraction of two dozen fields.
local function appendEntry(logKey, kind, entry)
  local values = {}
  for at = 1, #ENTRY_FIELDS do values[at] = entry[ENTRY_FIELDS[at]] or '' end
  local last = #values
  while values[last] == '' do
    values[last] = nil
    last = last - 1
  end
  return redis.call('XADD', logKey, '*', kind, cjson.encode(values))
end
