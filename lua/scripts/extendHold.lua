#!lua
--[[ Extend a hold, within a limit counted from its beginning.
  The deadline becomes max(deadline, min(now + ttl, created + ttl + extensionMax)). Where that is
  the deadline it has, nothing is written.
  KEYS
    epoch        string  {sNN}:epoch
    log          stream  {sNN}:log
    deadlines    zset    {sNN}:deadlines          <showId>/<reservationId> by deadline
    reservation  hash    {sNN}:r:<reservationId>
    version      string  {sNN}:ver:<showId>
  ARGV
    reservationId
    showId
    customerId      the caller; another's reservation does not exist for him
    ttlMs
    extensionMaxMs
    traceparent     may be empty
  RETURNS
    EXTENDED <field> <value> ...
    OVERDUE                         its deadline passed: expire it
    EXPIRED
    WRONG_STATE <status>
    NOT_FOUND
    NO_EPOCH ]]
--@include clock
--@include records
--@include refusal
--@include transit

local epochKey, logKey, deadlinesKey, reservationKey, versionKey = unpack(KEYS)
local id, showId, customer, ttlMs, extensionMaxMs, trace = unpack(ARGV)

local epoch = redis.call('GET', epochKey)
if not epoch then return { 'NO_EPOCH' } end
local now = nowMs()
local flat, record = readRecord(reservationKey)
if not isTheirs(record, showId, customer) then return { 'NOT_FOUND' } end
local refused = refusal(record, now)
if refused then return refused end

local limit = tonumber(record.created) + tonumber(ttlMs) + tonumber(extensionMaxMs)
local deadline = math.min(now + tonumber(ttlMs), limit)
if deadline <= tonumber(record.deadline) then return outcomeWith('EXTENDED', flat, {}) end

local at = {
  id = id, key = reservationKey, log = logKey, version = versionKey,
  epoch = epoch, now = now, trace = trace,
}
local changes = { 'deadline', whole(deadline) }
redis.call('ZADD', deadlinesKey, whole(deadline), showId .. '/' .. id)
transit(at, record, 'extended', changes, {})
return outcomeWith('EXTENDED', flat, changes)
