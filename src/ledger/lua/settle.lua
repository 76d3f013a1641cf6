-- One step of making the ledger hold exactly what is true. Takes no regard of capacity: what is
-- bound is true. The revision must be the one of the step before: a step that a broken connection
-- delivers late would otherwise empty a ledger in use.
--
-- KEYS[1] head          hash: epoch, revision, opened, cycle
-- KEYS[2] allocations   hash: uid -> record
-- KEYS[3] sums          hash: worker -> sum
-- ARGV[1] epoch         the caller's
-- ARGV[2] revision      what the step before (or open) returned
-- ARGV[3] first         1: empty the ledger before
-- ARGV[...] records     uid, record; every uid once in all steps
--
-- Output: {revision}
--         {Fenced, current epoch}  another operator took the ledger
--         {Lost}                   the ledger changed since the step before

local asked = tonumber(ARGV[1])
local head = redis.call('HMGET', KEYS[1], 'epoch', 'revision')
local epoch = tonumber(head[1] or '0')
local revision = tonumber(head[2] or '0')
if epoch > asked then
  return {Code.Fenced, epoch}
end
if epoch < asked or revision ~= tonumber(ARGV[2]) then
  return {Code.Lost}
end
if ARGV[3] == '1' then
  redis.call('UNLINK', KEYS[2], KEYS[3])
end

local workers, parsed, seen, fields = {}, {}, {}, {}
for index = 4, #ARGV, 2 do
  local record = parseRecord(ARGV[index + 1])
  parsed[#parsed + 1] = record
  fields[#fields + 1] = ARGV[index]
  fields[#fields + 1] = ARGV[index + 1]
  if not seen[record.worker] then
    seen[record.worker] = true
    workers[#workers + 1] = record.worker
  end
end
local sums = readFields(KEYS[3], workers)
for _, worker in ipairs(workers) do
  sums[worker] = parseSum(sums[worker])
end
for _, record in ipairs(parsed) do
  accumulate(sums[record.worker], record, 1)
end

revision = revision + 1
inChunks('HSET', KEYS[2], fields)
writeSums(KEYS[3], sums, workers, revision)
redis.call('HSET', KEYS[1], 'revision', string.format('%.0f', revision))
return {revision}
