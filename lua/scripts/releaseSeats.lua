#!lua
--[[ Release a hold, if the caller still owns it.
  Safe to repeat. Seats that meanwhile belong to another reservation are left alone.
  KEYS
    epoch        string  {sNN}:epoch
    log          stream  {sNN}:log
    deadlines    zset    {sNN}:deadlines          <showId>/<reservationId> by deadline
    reservation  hash    {sNN}:r:<reservationId>
    seats        hash    {sNN}:seats:<showId>     index -> owner
    version      string  {sNN}:ver:<showId>
    buyers       hash    {sNN}:buyers:<showId>    customer -> live seats
  ARGV
    reservationId   also the fence: only seats that carry it are freed
    showId
    customerId      the caller; another's reservation does not exist for him
    traceparent     may be empty
  RETURNS
    RELEASED <field> <value> ...
    ALREADY <field> <value> ...     it was released before
    OVERDUE                         its deadline passed: expire it
    EXPIRED
    WRONG_STATE <status>
    NOT_FOUND
    NO_EPOCH ]]
--@include clock
--@include records
--@include refusal
--@include seats
--@include transit
--@include retire

local epochKey, logKey, deadlinesKey, reservationKey = unpack(KEYS, 1, 4)
local seatsKey, versionKey, buyersKey = unpack(KEYS, 5, 7)
local id, showId, customer, trace = unpack(ARGV)

local epoch = redis.call('GET', epochKey)
if not epoch then return { 'NO_EPOCH' } end
local now = nowMs()
local flat, record = readRecord(reservationKey)
if not isTheirs(record, showId, customer) then return { 'NOT_FOUND' } end
if record.status == 'released' then return outcomeWith('ALREADY', flat, {}) end
local refused = refusal(record, now)
if refused then return refused end

local at = {
  id = id, key = reservationKey, log = logKey, version = versionKey,
  epoch = epoch, now = now, trace = trace,
}
local changes = { 'status', 'released' }
local freed = freeSeats(seatsKey, buyersKey, record, id)
redis.call('ZREM', deadlinesKey, showId .. '/' .. id)
transit(at, record, 'released', changes, freed)
retire(reservationKey, false)
return outcomeWith('RELEASED', flat, changes)
