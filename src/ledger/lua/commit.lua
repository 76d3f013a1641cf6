-- Commits one batch in one step: releases, then assignments in their order, each if it fits. The
-- same commit again changes nothing.
--
-- KEYS[1] head               hash: epoch, revision, opened, cycle
-- KEYS[2] allocations        hash: uid -> record
-- KEYS[3] sums               hash: worker -> sum
-- ARGV[1] epoch              the caller's
-- ARGV[2] revision           the last one that the caller was told
-- ARGV[3] cycle              the caller's; grows with every commit, equal for the same one again
-- ARGV[4] releaseCount
-- ARGV[5] assignmentCount
-- ARGV[...] releases         uid, releaseCount times; unknown ones are no error
-- ARGV[...] assignments      uid, record; assignmentCount times
-- ARGV[...] capacities       worker, cpuMillis, memoryBytes, containers, gpuCount; once a worker
--
-- Output: {revision, verdict...}   a verdict per assignment, in their order:
--                                  Accepted, NoCapacity, AssignedElsewhere, WorkerUnknown
--         {Fenced, current epoch}  another operator took the ledger
--         {Lost}                   the ledger went back in time (emptied, or failed over), or was
--                                  opened again since the caller opened it
--         {Stale, last cycle}      a later commit came first: this one was delivered late

local asked = tonumber(ARGV[1])
local head = redis.call('HMGET', KEYS[1], 'epoch', 'revision', 'opened', 'cycle')
local epoch = tonumber(head[1] or '0')
local revision = tonumber(head[2] or '0')
local opened = tonumber(head[3] or '0')
local cycle = tonumber(head[4] or '0')
if epoch > asked then
  return {Code.Fenced, epoch}
end
if epoch < asked or revision < tonumber(ARGV[2]) or tonumber(ARGV[2]) < opened then
  return {Code.Lost}
end
if tonumber(ARGV[3]) < cycle then
  return {Code.Stale, cycle}
end
local releasesEnd = 5 + tonumber(ARGV[4])
local assignmentsEnd = releasesEnd + 2 * tonumber(ARGV[5])
revision = revision + 1

local uids, assignments = {}, {}
for index = 6, releasesEnd do
  uids[#uids + 1] = ARGV[index]
end
for index = releasesEnd + 1, assignmentsEnd, 2 do
  uids[#uids + 1] = ARGV[index]
  local parsed = parseRecord(ARGV[index + 1])
  parsed.uid, parsed.record = ARGV[index], ARGV[index + 1]
  assignments[#assignments + 1] = parsed
end
local capacities = {}
for index = assignmentsEnd + 1, #ARGV, 5 do
  capacities[ARGV[index]] = {
    cpu = tonumber(ARGV[index + 1]),
    memory = tonumber(ARGV[index + 2]),
    containers = tonumber(ARGV[index + 3]),
    gpuCount = tonumber(ARGV[index + 4]),
  }
end

local held = readFields(KEYS[2], uids)
local workers, seen = {}, {}
local function need(worker)
  if not seen[worker] then
    seen[worker] = true
    workers[#workers + 1] = worker
  end
end
local released = {} -- uid -> parsed record, once
for index = 6, releasesEnd do
  local uid = ARGV[index]
  if held[uid] and not released[uid] then
    released[uid] = parseRecord(held[uid])
    need(released[uid].worker)
  end
end
for _, assignment in ipairs(assignments) do
  need(assignment.worker)
end
local sums = readFields(KEYS[3], workers)
for _, worker in ipairs(workers) do
  sums[worker] = parseSum(sums[worker])
end

local touched, touchedWorkers = {}, {}
local function touch(uid, worker)
  touched[uid] = true
  touchedWorkers[worker] = true
end

for index = 6, releasesEnd do
  local uid = ARGV[index]
  if held[uid] then
    local parsed = released[uid]
    accumulate(sums[parsed.worker], parsed, -1)
    held[uid] = false
    touch(uid, parsed.worker)
  end
end

local function fits(assignment, capacity, sum)
  if sum.cpu + assignment.cpu > capacity.cpu
    or sum.memory + assignment.memory > capacity.memory
    or sum.containers + 1 > capacity.containers then
    return false
  end
  for _, device in ipairs(assignment.devices) do
    if device >= capacity.gpuCount or (sum.gpu[device + 1] or 0) + assignment.gpu > 1000 then
      return false
    end
  end
  return true
end

local function judge(assignment)
  local record = held[assignment.uid]
  if record then
    local isSame = substance(record) == substance(assignment.record)
    return isSame and Code.Accepted or Code.AssignedElsewhere
  end
  local capacity = capacities[assignment.worker]
  if not capacity then
    return Code.WorkerUnknown
  end
  if not fits(assignment, capacity, sums[assignment.worker]) then
    return Code.NoCapacity
  end
  accumulate(sums[assignment.worker], assignment, 1)
  held[assignment.uid] = assignment.record
  touch(assignment.uid, assignment.worker)
  return Code.Accepted
end

local output = {revision}
for _, assignment in ipairs(assignments) do
  output[#output + 1] = judge(assignment)
end

local kept, gone, changedWorkers = {}, {}, {}
for _, uid in ipairs(uids) do
  if touched[uid] then
    touched[uid] = nil -- a uid may come twice
    if held[uid] then
      kept[#kept + 1] = uid
      kept[#kept + 1] = held[uid]
    elseif released[uid] then
      gone[#gone + 1] = uid
    end
  end
end
for _, worker in ipairs(workers) do
  if touchedWorkers[worker] then
    changedWorkers[#changedWorkers + 1] = worker
  end
end
inChunks('HSET', KEYS[2], kept)
inChunks('HDEL', KEYS[2], gone)
writeSums(KEYS[3], sums, changedWorkers, revision)
redis.call('HSET', KEYS[1], 'revision', string.format('%.0f', revision), 'cycle', ARGV[3])
return output
