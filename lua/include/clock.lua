-- Redis's clock in whole milliseconds. It stands still while a script runs.
local function nowMs()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- A whole number as text; tostring would round one that has more than 14 digits.
local function whole(number)
  return string.format('%.0f', number)
end
