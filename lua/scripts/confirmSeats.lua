#!lua
--[[ Sell a reservation's seats: its tickets are issued.
  A paying reservation is confirmed even when its deadline has passed. One that expired is
  confirmed if all of its seats are still free, and refunded otherwise. Safe to repeat.
  KEYS
    epoch        string  {sNN}:epoch
    lease        string  {sNN}:lease
    log          stream  {sNN}:log
    deadlines    zset    {sNN}:deadlines          <showId>/<reservationId> by deadline
    reservation  hash    {sNN}:r:<reservationId>
    seats        hash    {sNN}:seats:<showId>     index -> owner
    version      string  {sNN}:ver:<showId>
    buyers       hash    {sNN}:buyers:<showId>    customer -> live seats
  ARGV
    reservationId   also the fence: nobody else's seat is sold
    showId
    permit          the lease's token lets a rebuild act while there is no epoch; may be empty
    paymentId
    tickets         JSON [{ ticketId, seatId }]
    cause           id of the message
    traceparent     may be empty
  RETURNS
    CONFIRMED <version>
    REFUNDING <version>             a seat is someone else's: reason seat_conflict
    SAME <status> <version>         nothing to do in this status
    MISSING                         no such record: restore or recreate it first
    NO_EPOCH ]]
--@include clock
--@include admit
--@include records
--@include seats
--@include transit

local epochKey, leaseKey, logKey, deadlinesKey = unpack(KEYS, 1, 4)
local reservationKey, seatsKey, versionKey, buyersKey = unpack(KEYS, 5, 8)
local id, showId, permit, payment, tickets, cause, trace = unpack(ARGV)

local epoch = admit(epochKey, leaseKey, permit)
if not epoch then return { 'NO_EPOCH' } end
local _, record = readRecord(reservationKey)
if not record then return { 'MISSING' } end
if record.show ~= showId then return redis.error_reply('ERR reservation of another show') end
if record.status ~= 'paying' and record.status ~= 'expired' then
  return { 'SAME', record.status, record.version }
end

local indexes = split(record.seats)
local owners = redis.call('HMGET', seatsKey, unpack(indexes))
local held, sold = 'h' .. id, {}
local isConflict, free = false, 0
for at, index in ipairs(indexes) do
  if not owners[at] then free = free + 1
  elseif owners[at] ~= held then isConflict = true end
  sold[at * 2 - 1], sold[at * 2] = index, 's' .. id
end

local at = {
  id = id, key = reservationKey, log = logKey, version = versionKey,
  epoch = epoch, now = nowMs(), trace = trace, cause = cause,
}
redis.call('PERSIST', reservationKey)
redis.call('ZREM', deadlinesKey, showId .. '/' .. id)
if isConflict then
  local more = freeSeats(seatsKey, buyersKey, record, id)
  more[#more + 1], more[#more + 2] = 'owns', '0'
  local changes = {
    'status', 'refunding', 'reason', 'seat_conflict', 'payment', payment, 'owns', '0',
  }
  return { 'REFUNDING', transit(at, record, 'refunding', changes, more) }
end
redis.call('HSET', seatsKey, unpack(sold))
countSeats(buyersKey, record.customer, free)
local changes = { 'status', 'confirmed', 'payment', payment, 'tickets', tickets }
local more = { 'state', '2', 'tickets', tickets }
return { 'CONFIRMED', transit(at, record, 'confirmed', changes, more) }
