#!lua
--[[ Sell the seats of up to 64 reservations of one shard: their tickets are issued.
  A paying reservation is confirmed even when its deadline has passed. One that expired is
  confirmed if all of its seats are still free, and refunded otherwise. Later confirmations see
  the effects of earlier ones. Safe to repeat.
  KEYS
    epoch          string  {sNN}:epoch
    lease          string  {sNN}:lease
    log            stream  {sNN}:log
    deadlines      zset    {sNN}:deadlines          <showId>/<reservationId> by deadline
    each confirmation:
      reservation  hash    {sNN}:r:<reservationId>
      seats        hash    {sNN}:seats:<showId>     index -> owner
      version      string  {sNN}:ver:<showId>
      buyers       hash    {sNN}:buyers:<showId>    customer -> live seats
  ARGV
    permit           the lease's token lets a rebuild act while there is no epoch; may be empty
    each confirmation:
      reservationId  also the fence: nobody else's seat is sold
      showId
      paymentId
      tickets        JSON [{ ticketId, seatId }]
      cause          id of the message
      traceparent    may be empty
  RETURNS one for each confirmation, or NO_EPOCH for the call
    CONFIRMED <version>
    REFUNDING <version>             a seat is someone else's: reason seat_conflict
    SAME <status> <version>         nothing to do in this status
    MISSING                         no such record: restore or recreate it first
    OTHER_SHOW <show>               the record is of that show, which only a bug can cause
    NO_EPOCH ]]
--@include clock
--@include admit
--@include records
--@include seats
--@include transit

local KEYS_BEFORE, KEYS_EACH, ARGS_BEFORE, ARGS_EACH = 4, 4, 1, 6
local epochKey, leaseKey, logKey, deadlinesKey = unpack(KEYS, 1, KEYS_BEFORE)

local epoch = admit(epochKey, leaseKey, ARGV[1])
if not epoch then return { 'NO_EPOCH' } end
local now = nowMs()
local versions = {}  -- version key -> version, for the shows of this call
local over = {}      -- members of the deadlines that wait for nothing any more

local function confirm(firstKey, firstArg)
  local reservationKey, seatsKey, versionKey, buyersKey =
    unpack(KEYS, firstKey, firstKey + KEYS_EACH - 1)
  local id, showId, payment, tickets, cause, trace = unpack(ARGV, firstArg, firstArg + ARGS_EACH - 1)

  local _, record = readRecord(reservationKey)
  if not record then return { 'MISSING' } end
  if record.show ~= showId then return { 'OTHER_SHOW', record.show } end
  local before = record.status
  if before ~= 'paying' and before ~= 'expired' then return { 'SAME', before, record.version } end

  local indexes = split(record.seats)
  local owners = redis.call('HMGET', seatsKey, unpack(indexes))
  local held, mine, sold = 'h' .. id, 's' .. id, {}
  local isConflict, free = false, 0
  for at = 1, #indexes do
    if not owners[at] then free = free + 1
    elseif owners[at] ~= held then isConflict = true end
    sold[at * 2 - 1], sold[at * 2] = indexes[at], mine
  end

  local at = {
    id = id, key = reservationKey, log = logKey, version = versionKey, versions = versions,
    epoch = epoch, now = now, trace = trace, cause = cause,
  }
  -- What expired would disappear one day; what is paid stays.
  if before == 'expired' then redis.call('PERSIST', reservationKey) end
  over[#over + 1] = showId .. '/' .. id
  if isConflict then
    local freed = freeSeats(seatsKey, buyersKey, record, id)
    freed.owns = '0'
    local changes = {
      'status', 'refunding', 'reason', 'seat_conflict', 'payment', payment, 'owns', '0',
    }
    return { 'REFUNDING', transit(at, record, 'refunding', changes, freed) }
  end
  redis.call('HSET', seatsKey, unpack(sold))
  countSeats(buyersKey, record.customer, free)
  local changes = { 'status', 'confirmed', 'payment', payment, 'tickets', tickets }
  return { 'CONFIRMED', transit(at, record, 'confirmed', changes, { state = '2', tickets = tickets }) }
end

local outcomes = {}
for n = 1, (#KEYS - KEYS_BEFORE) / KEYS_EACH do
  outcomes[n] = confirm(KEYS_BEFORE + (n - 1) * KEYS_EACH + 1, ARGS_BEFORE + (n - 1) * ARGS_EACH + 1)
end
if #over > 0 then
  redis.call('ZREM', deadlinesKey, unpack(over))
  keepVersions(versions)
end
return outcomes
