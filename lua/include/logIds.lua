-- Whether log id `a` (<ms>-<n>) comes before `b`.
local function isOlder(a, b)
  local aMs, aNumber = string.match(a, '^(%d+)-(%d+)$')
  local bMs, bNumber = string.match(b, '^(%d+)-(%d+)$')
  if aMs ~= bMs then return tonumber(aMs) < tonumber(bMs) end
  return tonumber(aNumber) < tonumber(bNumber)
end
