#!lua
--[[ Write reservations of one show, as SQL or a message knows them, back into Redis.
  With the lease's token and no epoch (a rebuild): records of any status, with the seats they own,
  unless Redis knows the reservation at that version or a later one. With an epoch: only missing
  records, and only such as own no seat. Nothing is logged: what is restored was logged before.
  Safe to repeat. Here alone deadlines come in, for they were given out by this clock before.
  KEYS
    epoch          string  {sNN}:epoch
    lease          string  {sNN}:lease
    deadlines      zset    {sNN}:deadlines          <showId>/<reservationId> by deadline
    seats          hash    {sNN}:seats:<showId>     index -> owner
    buyers         hash    {sNN}:buyers:<showId>    customer -> live seats
    each reservation:
      reservation  hash    {sNN}:r:<reservationId>
  ARGV
    showId
    permit           the lease's token; may be empty where there is an epoch
    each reservation:
      reservationId
      status
      customerId
      seats          distinct indexes, comma separated
      currency
      amount         minor units
      requestHash    may be empty
      created
      deadline
      version        log id of its last change
      owns           1: it owns its seats, 0: it does not
      reason         this and the following may be empty
      contact
      checkoutKey
      checkoutHash
      paymentId
      tickets
      traceparent
  RETURNS one for each reservation, or NO_EPOCH for the call
    RESTORED
    KEPT <version>         Redis knows it, at least as new
    CLASH <index> ...      these seats are someone else's; nothing was written
    REFUSED                it owns seats, but the state is complete without it
    NO_EPOCH ]]
--@include admit
--@include logIds
--@include seats
--@include retire

local KEYS_BEFORE, ARGS_BEFORE, ARGS_EACH = 5, 2, 18
local epochKey, leaseKey, deadlinesKey, seatsKey, buyersKey = unpack(KEYS, 1, 5)
local showId, permit = ARGV[1], ARGV[2]

if not admit(epochKey, leaseKey, permit) then return { 'NO_EPOCH' } end
local isComplete = redis.call('EXISTS', epochKey) == 1
local NAMES = {
  'status', 'customer', 'seats', 'currency', 'amount', 'hash', 'created', 'deadline', 'version',
  'owns', 'reason', 'contact', 'checkoutKey', 'checkoutHash', 'payment', 'tickets', 'trace',
}
local ALWAYS = 9  -- so many of the names are written even when empty

-- Makes the seats of `indexes` carry `owner` (nil: none of `id`), and counts them for the customer.
-- Answers the indexes that are someone else's; if there are any, nothing is changed.
local function settle(indexes, id, owner, customer)
  local owners = redis.call('HMGET', seatsKey, unpack(indexes))
  local held, sold = 'h' .. id, 's' .. id
  local others, mine, gained = {}, {}, {}
  for at, index in ipairs(indexes) do
    if owners[at] == held or owners[at] == sold then mine[#mine + 1] = index
    elseif owners[at] then others[#others + 1] = index end
    gained[at * 2 - 1], gained[at * 2] = index, owner
  end
  if owner then
    if #others > 0 then return others end
    redis.call('HSET', seatsKey, unpack(gained))
    countSeats(buyersKey, customer, #indexes - #mine)
  elseif #mine > 0 then
    redis.call('HDEL', seatsKey, unpack(mine))
    countSeats(buyersKey, customer, -#mine)
  end
  return {}
end

local function writeRecord(reservationKey, values)
  local fields = { 'show', showId }
  for at, name in ipairs(NAMES) do
    local isKnown = at <= ALWAYS or values[at] ~= ''
    -- Only of `refunding` does the status not tell who owns the seats.
    if isKnown and (name ~= 'owns' or values[1] == 'refunding') then
      fields[#fields + 1], fields[#fields + 2] = name, values[at]
    end
  end
  redis.call('DEL', reservationKey)
  redis.call('HSET', reservationKey, unpack(fields))
end

local function restore(reservationKey, first)
  local id, values = ARGV[first], { unpack(ARGV, first + 1, first + ARGS_EACH - 1) }
  local status, customer, seats, deadline = values[1], values[2], values[3], values[8]
  local version, owns = values[9], values[10] == '1'

  local known = redis.call('HGET', reservationKey, 'version')
  if known and (isComplete or not isOlder(known, version)) then return { 'KEPT', known } end
  if isComplete and owns then return { 'REFUSED' } end
  local isOpen = status == 'held' or status == 'paying'
  local owner = owns and ((isOpen and 'h' or 's') .. id) or nil
  local others = settle(split(seats), id, owner, customer)
  if #others > 0 then return { 'CLASH', unpack(others) } end

  writeRecord(reservationKey, values)
  local member = showId .. '/' .. id
  if isOpen then
    redis.call('ZADD', deadlinesKey, deadline, member)
  else
    redis.call('ZREM', deadlinesKey, member)
  end
  if not owns and status ~= 'refunding' then retire(reservationKey, true) end
  return { 'RESTORED' }
end

local outcomes = {}
for n = 1, #KEYS - KEYS_BEFORE do
  outcomes[n] = restore(KEYS[KEYS_BEFORE + n], ARGS_BEFORE + (n - 1) * ARGS_EACH + 1)
end
return outcomes
