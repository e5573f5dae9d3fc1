#!lua
--[[ Expire those of up to 100 reservations of one show whose deadline has passed.
  Safe to repeat, and safe against a checkout, release or confirmation that came first.
  KEYS
    epoch          string  {sNN}:epoch
    log            stream  {sNN}:log
    deadlines      zset    {sNN}:deadlines          <showId>/<reservationId> by deadline
    seats          hash    {sNN}:seats:<showId>     index -> owner
    version        string  {sNN}:ver:<showId>
    buyers         hash    {sNN}:buyers:<showId>    customer -> live seats
    each reservation:
      reservation  hash    {sNN}:r:<reservationId>
  ARGV
    showId
    each reservation:
      reservationId  also the fence: only seats that carry it are freed
  RETURNS one for each reservation, or NO_EPOCH for the call
    EXPIRED <version> <phase>     phase: held or paying
    EARLY <deadline>
    SAME <status>                 it is neither held nor paying any more
    MISSING
    NO_EPOCH ]]
--@include clock
--@include records
--@include seats
--@include transit
--@include retire

local KEYS_BEFORE, ARGS_BEFORE = 6, 1
local epochKey, logKey, deadlinesKey = KEYS[1], KEYS[2], KEYS[3]
local seatsKey, versionKey, buyersKey = KEYS[4], KEYS[5], KEYS[6]
local showId = ARGV[1]

local epoch = redis.call('GET', epochKey)
if not epoch then return { 'NO_EPOCH' } end
local now = nowMs()

local function expire(reservationKey, id)
  local member = showId .. '/' .. id
  local _, record = readRecord(reservationKey)
  local isOpen = record and (record.status == 'held' or record.status == 'paying')
  if not isOpen or record.show ~= showId then
    -- Nothing waits for this deadline; it would only be listed again and again.
    redis.call('ZREM', deadlinesKey, member)
    if not record or record.show ~= showId then return { 'MISSING' } end
    return { 'SAME', record.status }
  end
  if tonumber(record.deadline) > now then return { 'EARLY', record.deadline } end

  local at = {
    id = id, key = reservationKey, log = logKey, version = versionKey, epoch = epoch, now = now,
  }
  local phase = record.status
  local freed = freeSeats(seatsKey, buyersKey, record, id)
  freed.phase = phase
  redis.call('ZREM', deadlinesKey, member)
  local version = transit(at, record, 'expired', { 'status', 'expired' }, freed)
  retire(reservationKey, phase == 'paying')
  return { 'EXPIRED', version, phase }
end

local outcomes = {}
for n = 1, #KEYS - KEYS_BEFORE do
  outcomes[n] = expire(KEYS[KEYS_BEFORE + n], ARGV[ARGS_BEFORE + n])
end
return outcomes
