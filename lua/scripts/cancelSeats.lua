#!lua
--[[ Give a reservation's seats back, or begin its refund, as the saga's table says.
  Reasons that begin with payment_ mean that no money was captured. Safe to repeat.
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
    reservationId   also the fence: only seats that carry it are freed
    showId
    permit          the lease's token lets a rebuild act while there is no epoch; may be empty
    input           ticket_cancel, cancel_show or refund
    reason          why; cancel_show and refund mean show_cancelled whatever it says
    paymentId       may be empty
    cause           id of the message
    traceparent     may be empty
  RETURNS
    CANCELLED <version>
    REFUNDING <version>
    FREED <version>                 it was refunding and still owned its seats
    SAME <status> <version>         nothing to do in this status
    MISSING                         no such record: restore or recreate it first
    NO_EPOCH ]]
--@include clock
--@include admit
--@include records
--@include seats
--@include transit
--@include retire

local epochKey, leaseKey, logKey, deadlinesKey = unpack(KEYS, 1, 4)
local reservationKey, seatsKey, versionKey, buyersKey = unpack(KEYS, 5, 8)
local id, showId, permit, input, reason, payment, cause, trace = unpack(ARGV)

local epoch = admit(epochKey, leaseKey, permit)
if not epoch then return { 'NO_EPOCH' } end
local _, record = readRecord(reservationKey)
if not record then return { 'MISSING' } end
if record.show ~= showId then return redis.error_reply('ERR reservation of another show') end

-- What the input does to a reservation in its status: cancel, refund (keeping what it owns),
-- free (a refund already under way), or nothing.
local function course(status)
  if input == 'cancel_show' then return status == 'paying' and 'cancel' end
  if input == 'refund' then return status == 'confirmed' and 'refund' end
  if string.sub(reason, 1, 8) == 'payment_' then return status == 'paying' and 'cancel' end
  if status == 'expired' or status == 'cancelled' then return 'refund' end
  return status == 'refunding' and record.owns == '1' and 'free'
end

local at = {
  id = id, key = reservationKey, log = logKey, version = versionKey,
  epoch = epoch, now = nowMs(), trace = trace, cause = cause,
}
local function paid(changes)
  if payment ~= '' then changes[#changes + 1], changes[#changes + 2] = 'payment', payment end
  return changes
end

local action = course(record.status)
if input ~= 'ticket_cancel' then reason = 'show_cancelled' end
if action == 'cancel' then
  local freed = freeSeats(seatsKey, buyersKey, record, id)
  redis.call('ZREM', deadlinesKey, showId .. '/' .. id)
  local changes = paid({ 'status', 'cancelled', 'reason', reason })
  local version = transit(at, record, 'cancelled', changes, freed)
  retire(reservationKey, true)
  return { 'CANCELLED', version }
end
if action == 'refund' then
  local owns = record.status == 'confirmed' and '1' or '0'
  redis.call('PERSIST', reservationKey)
  local changes = paid({ 'status', 'refunding', 'reason', reason, 'owns', owns })
  return { 'REFUNDING', transit(at, record, 'refunding', changes, { owns = owns }) }
end
if action == 'free' then
  local freed = freeSeats(seatsKey, buyersKey, record, id)
  freed.owns = '0'
  return { 'FREED', transit(at, record, 'freed', { 'owns', '0' }, freed) }
end
return { 'SAME', record.status, record.version }
