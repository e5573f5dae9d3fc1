-- `3,7,8` as a list of texts.
local function split(list)
  local indexes = {}
  for index in string.gmatch(list, '%d+') do indexes[#indexes + 1] = index end
  return indexes
end

-- Changes how many live seats a customer has of the show; nobody is kept with none.
local function countSeats(buyersKey, customer, change)
  if change == 0 then return end
  if redis.call('HINCRBY', buyersKey, customer, change) <= 0 then
    redis.call('HDEL', buyersKey, customer)
  end
end

-- Frees those of the record's seats that carry `id`, and answers the fields that tell so in the
-- log by name: none where nothing was freed, `moved` where it was only a part.
local function freeSeats(seatsKey, buyersKey, record, id)
  local indexes = split(record.seats)
  local owners = redis.call('HMGET', seatsKey, unpack(indexes))
  local held, sold = 'h' .. id, 's' .. id
  local freed = {}
  for at = 1, #indexes do
    if owners[at] == held or owners[at] == sold then freed[#freed + 1] = indexes[at] end
  end
  if #freed == 0 then return {} end
  redis.call('HDEL', seatsKey, unpack(freed))
  countSeats(buyersKey, record.customer, -#freed)
  if #freed == #indexes then return { state = '0' } end
  return { state = '0', moved = table.concat(freed, ',') }
end
