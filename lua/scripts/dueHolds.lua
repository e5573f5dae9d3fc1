#!lua flags=no-writes
--[[ List the holds and payments whose deadline has passed, oldest deadline first.
  KEYS
    epoch      string  {sNN}:epoch
    deadlines  zset    {sNN}:deadlines    <showId>/<reservationId> by deadline
  ARGV
    limit      the most to list
  RETURNS
    DUE <now> <next> <showId>/<reservationId> ...   next: earliest deadline not listed, or empty
    NO_EPOCH ]]
--@include clock

local epochKey, deadlinesKey = KEYS[1], KEYS[2]
local limit = ARGV[1]

if not redis.call('GET', epochKey) then return { 'NO_EPOCH' } end
local now = whole(nowMs())
local due = redis.call('ZRANGEBYSCORE', deadlinesKey, '-inf', now, 'LIMIT', 0, limit)
local after = redis.call('ZRANGE', deadlinesKey, #due, #due, 'WITHSCORES')
return { 'DUE', now, after[2] or '', unpack(due) }
