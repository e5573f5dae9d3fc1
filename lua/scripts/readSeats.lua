#!lua flags=no-writes
--[[ Read all seats of a show that are not free, with the version that this is.
  KEYS
    epoch    string  {sNN}:epoch
    seats    hash    {sNN}:seats:<showId>     index -> owner
    version  string  {sNN}:ver:<showId>
  ARGV
  RETURNS
    SEATS <epoch> <version> (<index> <owner> ...)
    NO_EPOCH ]]

local epochKey, seatsKey, versionKey = KEYS[1], KEYS[2], KEYS[3]

local epoch = redis.call('GET', epochKey)
if not epoch then return { 'NO_EPOCH' } end
local version = redis.call('GET', versionKey) or epoch
return { 'SEATS', epoch, version, redis.call('HGETALL', seatsKey) }
