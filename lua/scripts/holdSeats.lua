#!lua
--[[ Hold seats for up to 64 independent requests of one shard.
  Each request takes all of its seats or none; later requests see the effects of earlier ones.
  Safe to repeat: a request whose reservation exists gets that reservation.
  KEYS
    epoch          string  {sNN}:epoch
    log            stream  {sNN}:log
    deadlines      zset    {sNN}:deadlines          <showId>/<reservationId> by deadline
    each request:
      reservation  hash    {sNN}:r:<reservationId>
      seats        hash    {sNN}:seats:<showId>     index -> owner
      version      string  {sNN}:ver:<showId>
      buyers       hash    {sNN}:buyers:<showId>    customer -> live seats
  ARGV
    each request:
      reservationId
      showId
      customerId
      seats          distinct indexes, comma separated
      currency
      amount         minor units
      requestHash    the same id with another hash is refused
      ttlMs
      buyerSeatsMax  the most seats of the show that the customer may have, these included
      traceparent    may be empty
  RETURNS one for each request, or NO_EPOCH for the call
    HELD <version> <created> <deadline>
    EXISTS <field> <value> ...        the record as it stands
    REUSED                            the id exists with another request hash
    TAKEN <index> ...                 those not free, the ones of overdue holds excluded
    OVERDUE <reservationId> ...       nothing but overdue holds is in the way: expire them first
    BUYER_LIMIT <have>
    NO_EPOCH ]]
--@include clock
--@include seats
--@include entry

local KEYS_BEFORE, KEYS_EACH, ARGS_EACH = 3, 4, 10
local epochKey, logKey, deadlinesKey = KEYS[1], KEYS[2], KEYS[3]

local epoch = redis.call('GET', epochKey)
if not epoch then return { 'NO_EPOCH' } end
local now = nowMs()
local created = whole(now)
local versions = {}  -- version key -> version, for the shows of this call
local added = {}     -- score, member, ... of the holds of this call

-- The reservation that holds a seat, if it is overdue. Holds of this call are not in the zset yet
-- and count as not overdue, whatever their time to live.
local function overdueHolder(owner, showId)
  if string.sub(owner, 1, 1) ~= 'h' then return nil end
  local holder = string.sub(owner, 2)
  local deadline = redis.call('ZSCORE', deadlinesKey, showId .. '/' .. holder)
  if deadline and tonumber(deadline) <= now then return holder end
  return nil
end

-- What keeps the seats from being held, as an outcome; nil when all of them are free.
local function obstacle(seatsKey, indexes, showId)
  local owners = redis.call('HMGET', seatsKey, unpack(indexes))
  local taken, overdue, listed = { 'TAKEN' }, { 'OVERDUE' }, {}
  for at = 1, #indexes do
    if owners[at] then
      local holder = overdueHolder(owners[at], showId)
      if not holder then
        taken[#taken + 1] = indexes[at]
      elseif not listed[holder] then
        listed[holder] = true
        overdue[#overdue + 1] = holder
      end
    end
  end
  if #taken > 1 then return taken end
  if #overdue > 1 then return overdue end
  return nil
end

local function hold(firstKey, firstArg)
  local reservationKey, seatsKey, versionKey, buyersKey = unpack(KEYS, firstKey, firstKey + 3)
  local id, showId, customer, seats, currency, amount, hash, ttlMs, buyerSeatsMax, trace =
    unpack(ARGV, firstArg, firstArg + ARGS_EACH - 1)

  local knownHash = redis.call('HGET', reservationKey, 'hash')
  if knownHash then
    -- A record that was recreated from a message has no hash; then the seats have to tell.
    local same = knownHash == hash
      or (knownHash == '' and redis.call('HGET', reservationKey, 'seats') == seats)
    if not same then return { 'REUSED' } end
    return { 'EXISTS', unpack(redis.call('HGETALL', reservationKey)) }
  end
  local indexes = split(seats)
  local inTheWay = obstacle(seatsKey, indexes, showId)
  if inTheWay then return inTheWay end
  local have = tonumber(redis.call('HGET', buyersKey, customer) or 0)
  if have + #indexes > tonumber(buyerSeatsMax) then return { 'BUYER_LIMIT', whole(have) } end

  local deadline = whole(now + tonumber(ttlMs))
  local prev = versions[versionKey] or redis.call('GET', versionKey) or epoch
  local record = {
    'status', 'held', 'show', showId, 'customer', customer, 'seats', seats,
    'currency', currency, 'amount', amount, 'hash', hash,
    'created', created, 'deadline', deadline,
  }
  if trace ~= '' then record[#record + 1], record[#record + 2] = 'trace', trace end
  local version = appendEntry(logKey, 'held', {
    show = showId, prev = prev, reservation = id, customer = customer, seats = seats, state = '1',
    currency = currency, amount = amount, created = created, deadline = deadline, at = created,
    trace = trace,
  })
  versions[versionKey] = version
  redis.call('HSET', reservationKey, 'version', version, unpack(record))
  local owners, owner = {}, 'h' .. id
  for at = 1, #indexes do owners[at * 2 - 1], owners[at * 2] = indexes[at], owner end
  redis.call('HSET', seatsKey, unpack(owners))
  redis.call('HSET', buyersKey, customer, have + #indexes)
  added[#added + 1], added[#added + 2] = deadline, showId .. '/' .. id
  return { 'HELD', version, created, deadline }
end

local outcomes = {}
for n = 1, (#KEYS - KEYS_BEFORE) / KEYS_EACH do
  outcomes[n] = hold(KEYS_BEFORE + (n - 1) * KEYS_EACH + 1, (n - 1) * ARGS_EACH + 1)
end
if #added > 0 then
  redis.call('ZADD', deadlinesKey, unpack(added))
  for versionKey, version in pairs(versions) do redis.call('SET', versionKey, version) end
end
return outcomes
