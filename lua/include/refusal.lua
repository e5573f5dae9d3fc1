-- Whether the reservation is this customer's, for this show.
local function isTheirs(record, show, customer)
  return record and record.show == show and record.customer == customer
end

-- Why a reservation is not a hold that its owner may act on; nil when it is one.
local function refusal(record, now)
  if record.status == 'held' then
    if tonumber(record.deadline) <= now then return { 'OVERDUE' } end
    return nil
  end
  if record.status == 'expired' then return { 'EXPIRED' } end
  return { 'WRONG_STATE', record.status }
end
