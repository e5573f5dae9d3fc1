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
--   more     further fields of the log entry (name, value, ...)
-- Answers the version.
local function transit(at, record, kind, changes, more)
  for i = 1, #changes, 2 do record[changes[i]] = changes[i + 1] end
  local versions = at.versions or {}
  local prev = versions[at.version] or redis.call('GET', at.version) or at.epoch
  local entry = {
    'type', kind, 'show', record.show,
    'prev', prev,
    'reservation', at.id, 'customer', record.customer, 'seats', record.seats,
    'currency', record.currency, 'amount', record.amount,
    'created', record.created, 'deadline', record.deadline, 'at', at.now,
  }
  local function add(name, value)
    if value and value ~= '' then
      entry[#entry + 1], entry[#entry + 2] = name, value
    end
  end
  add('reason', record.reason)
  add('contact', record.contact)
  add('payment', record.payment)
  add('cause', at.cause)
  add('trace', at.trace ~= '' and at.trace or record.trace)
  for i = 1, #more, 2 do add(more[i], more[i + 1]) end

  local version = redis.call('XADD', at.log, '*', unpack(entry))
  versions[at.version] = version
  if not at.versions then keepVersions(versions) end
  changes[#changes + 1], changes[#changes + 2] = 'version', version
  redis.call('HSET', at.key, unpack(changes))
  return version
end
