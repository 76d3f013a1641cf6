-- Takes the ledger for an epoch, or only checks that it still is the caller's. Either way the
-- revision grows and is kept as `opened`: commits and settle steps from before, which a broken
-- connection may deliver late, are refused by it. Cycles are counted anew.
--
-- KEYS[1] head    hash: epoch, revision, opened, cycle
-- ARGV[1] epoch   the caller's
-- ARGV[2] raise   1: take the ledger, upwards only; 0: be told Lost where it is at another epoch
-- ARGV[3] own     1: the caller has tried to take this epoch before; 0: an equal one is somebody
--                 else's, of an earlier Lease that was deleted
--
-- Output: {revision}
--         {Fenced, current epoch}  another operator took the ledger
--         {Lost}                   the ledger is below the caller's epoch

local asked = tonumber(ARGV[1])
local head = redis.call('HMGET', KEYS[1], 'epoch', 'revision')
local epoch = tonumber(head[1] or '0')
local revision = tonumber(head[2] or '0') + 1
if epoch > asked or (epoch == asked and ARGV[3] ~= '1') then
  return {Code.Fenced, epoch}
end
if epoch < asked then
  if ARGV[2] ~= '1' then
    return {Code.Lost}
  end
end
local text = string.format('%.0f', revision)
redis.call('HSET', KEYS[1], 'epoch', ARGV[1], 'revision', text, 'opened', text, 'cycle', '0')
return {revision}
