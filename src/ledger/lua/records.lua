-- Stands in front of every script that changes allocations; no script of its own.
--
-- record: worker|cpuMillis|memoryBytes|gpuMillis|devices|request          devices: 0,2,3
-- sum:    revision|cpuMillis|memoryBytes|containers|gpuMillis             gpuMillis of device 0,1,2,...
--
-- All amounts are integers up to 2^53 - 1, which doubles hold exactly; '%.0f' writes them exactly
-- too, while Lua's own tostring turns 1e15 into text with 14 digits.

local CHUNK = 1000 -- fields a call: Lua's unpack fails near 8,000

-- Most records and sums have no GPU: they share one empty list, which nobody may change.
local NONE = {}

local function parseIntegers(list)
  if list == '' then
    return NONE
  end
  local integers = {}
  for digits in string.gmatch(list, '%d+') do
    integers[#integers + 1] = tonumber(digits)
  end
  return integers
end

local function parseRecord(record)
  local worker, cpu, memory, gpu, devices =
    string.match(record, '^([^|]*)|(%d+)|(%d+)|(%d+)|([%d,]*)|')
  return {
    worker = worker,
    cpu = tonumber(cpu),
    memory = tonumber(memory),
    gpu = tonumber(gpu),
    devices = parseIntegers(devices),
  }
end

-- The part of a record that counts; the name of the request is for people.
local function substance(record)
  return string.match(record, '^(.*)|')
end

local function parseSum(text)
  if not text then
    return {cpu = 0, memory = 0, containers = 0, gpu = NONE}
  end
  local cpu, memory, containers, gpu = string.match(text, '^%d+|(%d+)|(%d+)|(%d+)|([%d,]*)$')
  return {
    cpu = tonumber(cpu),
    memory = tonumber(memory),
    containers = tonumber(containers),
    gpu = parseIntegers(gpu),
  }
end

local function formatSum(sum, revision)
  return string.format('%.0f|%.0f|%.0f|%.0f|%s',
    revision, sum.cpu, sum.memory, sum.containers, table.concat(sum.gpu, ','))
end

-- Adds (sign 1) or takes away (sign -1) one allocation.
local function accumulate(sum, parsed, sign)
  sum.cpu = sum.cpu + sign * parsed.cpu
  sum.memory = sum.memory + sign * parsed.memory
  sum.containers = sum.containers + sign
  if parsed.devices == NONE then
    return
  end
  if sum.gpu == NONE then
    sum.gpu = {}
  end
  for _, device in ipairs(parsed.devices) do
    for index = #sum.gpu + 1, device + 1 do
      sum.gpu[index] = 0
    end
    sum.gpu[device + 1] = sum.gpu[device + 1] + sign * parsed.gpu
  end
end

-- Calls `command key ...` for `list`, as few times as its length allows; returns all replies in order.
local function inChunks(command, key, list)
  local replies = {}
  for first = 1, #list, CHUNK do
    local reply = redis.call(command, key, unpack(list, first, math.min(first + CHUNK - 1, #list)))
    if type(reply) == 'table' then
      for index = 1, #reply do
        replies[first + index - 1] = reply[index]
      end
    end
  end
  return replies
end

-- Reads the fields `names` of a hash; false where one is absent.
local function readFields(key, names)
  local values = inChunks('HMGET', key, names)
  local fields = {}
  for index, name in ipairs(names) do
    fields[name] = values[index]
  end
  return fields
end

-- Writes the sums of `workers`; one of no containers is deleted, so that dead workers leave nothing.
local function writeSums(key, sums, workers, revision)
  local kept, gone = {}, {}
  for _, worker in ipairs(workers) do
    if sums[worker].containers == 0 then
      gone[#gone + 1] = worker
    else
      kept[#kept + 1] = worker
      kept[#kept + 1] = formatSum(sums[worker], revision)
    end
  end
  inChunks('HSET', key, kept)
  inChunks('HDEL', key, gone)
end
