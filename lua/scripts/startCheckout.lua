#!lua
--[[ Fence holds for payment, for up to 64 independent checkouts of one shard: from here on a hold
  can be neither released nor extended. Later checkouts see the effects of earlier ones.
  Safe to repeat with the same key and hash. The payment token goes into the log and nowhere else.
  KEYS
    epoch          string  {sNN}:epoch
    log            stream  {sNN}:log
    deadlines      zset    {sNN}:deadlines          <showId>/<reservationId> by deadline
    each checkout:
      reservation  hash    {sNN}:r:<reservationId>
      version      string  {sNN}:ver:<showId>
  ARGV
    each checkout:
      reservationId
      showId
      customerId     the caller; another's reservation does not exist for him
      checkoutKey
      checkoutHash   the same key with another hash is refused
      windowMs       time to pay, from now
      paymentToken
      contact        JSON, may be empty
      traceparent    may be empty
  RETURNS one for each checkout, or NO_EPOCH for the call
    PAYING <seats> <currency> <amount> <hash> <created> <deadline> <version> <trace>
                                      what the caller cannot know; trace may be empty
    EXISTS <field> <value> ...        this checkout was made before; the record as it stands
    REUSED                            the key was used with another hash
    OVERDUE                           its deadline passed: expire it
    EXPIRED
    WRONG_STATE <status>
    NOT_FOUND
    NO_EPOCH ]]
--@include clock
--@include records
--@include refusal
--@include transit

local KEYS_BEFORE, KEYS_EACH, ARGS_EACH = 3, 2, 9
local epochKey, logKey, deadlinesKey = KEYS[1], KEYS[2], KEYS[3]

local epoch = redis.call('GET', epochKey)
if not epoch then return { 'NO_EPOCH' } end
local now = nowMs()
local versions = {}  -- version key -> version, for the shows of this call
local moved = {}     -- score, member, ... of the deadlines of this call

local function start(firstKey, firstArg)
  local reservationKey, versionKey = KEYS[firstKey], KEYS[firstKey + 1]
  local id, showId, customer, checkoutKey, checkoutHash, windowMs, token, contact, trace =
    unpack(ARGV, firstArg, firstArg + ARGS_EACH - 1)

  local flat, record = readRecord(reservationKey)
  if not isTheirs(record, showId, customer) then return { 'NOT_FOUND' } end
  if record.checkoutKey == checkoutKey then
    if record.checkoutHash ~= checkoutHash then return { 'REUSED' } end
    return outcomeWith('EXISTS', flat, {})
  end
  local refused = refusal(record, now)
  if refused then return refused end

  local at = {
    id = id, key = reservationKey, log = logKey, version = versionKey, versions = versions,
    epoch = epoch, now = now, trace = trace,
  }
  local deadline = whole(now + tonumber(windowMs))
  local changes = {
    'status', 'paying', 'deadline', deadline,
    'checkoutKey', checkoutKey, 'checkoutHash', checkoutHash,
  }
  if contact ~= '' then changes[#changes + 1], changes[#changes + 2] = 'contact', contact end
  if trace ~= '' then changes[#changes + 1], changes[#changes + 2] = 'trace', trace end
  moved[#moved + 1], moved[#moved + 2] = deadline, showId .. '/' .. id
  -- The projection begins here, so the entry carries what a restored record needs for repeats.
  local version = transit(at, record, 'paying', changes, {
    token = token, hash = record.hash, checkoutKey = checkoutKey, checkoutHash = checkoutHash,
  })
  return {
    'PAYING', record.seats, record.currency, record.amount, record.hash, record.created, deadline,
    version, record.trace or '',
  }
end

local outcomes = {}
for n = 1, (#KEYS - KEYS_BEFORE) / KEYS_EACH do
  outcomes[n] = start(KEYS_BEFORE + (n - 1) * KEYS_EACH + 1, (n - 1) * ARGS_EACH + 1)
end
if #moved > 0 then
  redis.call('ZADD', deadlinesKey, unpack(moved))
  keepVersions(versions)
end
return outcomes
