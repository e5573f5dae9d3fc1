--@include entry

-- Writes the versions of shows (version key -> version).
local function keepVersions(versions)
  for key, version in pairs(versions) do redis.call('SET', key, version) end
end

-- Writes one transition of a reservation: its log entry, the show's version, and the fields of
-- its record that change (`changes`: name, value, ...), to which it adds the version.
--   at       { id, key, log, version, versions, epoch, now, trace, cause }: the reservation, where
--            to write, and what led to it (trace and cause may be nil or empty). `versions` is for
--            batches: the shows' versions by key, which are then read once and written by
--            keepVersions
--   record   its fields before the change; they are brought up to date
--   kind     type of the log entry
--   entry    further fields of the log entry (name -> value); the others are added to it
-- Answers the version.
local function transit(at, record, kind, changes, entry)
  for i = 1, #changes, 2 do record[changes[i]] = changes[i + 1] end
  local versions = at.versions or {}
  entry.show, entry.reservation, entry.customer = record.show, at.id, record.customer
  entry.prev = versions[at.version] or redis.call('GET', at.version) or at.epoch
  entry.seats, entry.currency, entry.amount = record.seats, record.currency, record.amount
  entry.created, entry.deadline, entry.at = record.created, record.deadline, whole(at.now)
  entry.reason, entry.contact, entry.payment = record.reason, record.contact, record.payment
  entry.cause = at.cause
  entry.trace = at.trace ~= '' and at.trace or record.trace

  local version = appendEntry(at.log, kind, entry)
  versions[at.version] = version
  if not at.versions then keepVersions(versions) end
  changes[#changes + 1], changes[#changes + 2] = 'version', version
  redis.call('HSET', at.key, unpack(changes))
  return version
end
