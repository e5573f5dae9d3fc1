#!lua
--[[ End a reservation whose money was returned, freeing what it still owns.
  Safe to repeat.
  KEYS
    epoch        string  {sNN}:epoch
    lease        string  {sNN}:lease
    log          stream  {sNN}:log
    reservation  hash    {sNN}:r:<reservationId>
    seats        hash    {sNN}:seats:<showId>     index -> owner
    version      string  {sNN}:ver:<showId>
    buyers       hash    {sNN}:buyers:<showId>    customer -> live seats
  ARGV
    reservationId   also the fence: only seats that carry it are freed
    showId
    permit          the lease's token lets a rebuild act while there is no epoch; may be empty
    paymentId
    reason          why the money was returned; the reason of a refund under way stays
    cause           id of the message
    traceparent     may be empty
  RETURNS
    REFUNDED <version>
    SAME <status> <version>         nothing to do in this status
    MISSING                         no such record: restore or recreate it first
    NO_EPOCH ]]
--@include clock
--@include admit
--@include records
--@include seats
--@include transit
--@include retire

local epochKey, leaseKey, logKey, reservationKey = unpack(KEYS, 1, 4)
local seatsKey, versionKey, buyersKey = unpack(KEYS, 5, 7)
local id, showId, permit, payment, reason, cause, trace = unpack(ARGV)

local epoch = admit(epochKey, leaseKey, permit)
if not epoch then return { 'NO_EPOCH' } end
local _, record = readRecord(reservationKey)
if not record then return { 'MISSING' } end
if record.show ~= showId then return redis.error_reply('ERR reservation of another show') end
local status = record.status
if status ~= 'expired' and status ~= 'cancelled' and status ~= 'refunding' then
  return { 'SAME', status, record.version }
end

local at = {
  id = id, key = reservationKey, log = logKey, version = versionKey,
  epoch = epoch, now = nowMs(), trace = trace, cause = cause,
}
local changes = { 'status', 'refunded', 'payment', payment, 'owns', '0' }
-- `refunding` says why; before it, a reason tells only why no money was expected.
if status ~= 'refunding' then changes[#changes + 1], changes[#changes + 2] = 'reason', reason end
local freed = freeSeats(seatsKey, buyersKey, record, id)
local version = transit(at, record, 'refunded', changes, freed)
retire(reservationKey, true)
return { 'REFUNDED', version }
