import { createScript } from './script.ts'

/*
 * A log is a list. Its first element says how many entries were dropped before the second: one key, one expiry, and as
 * compact as Redis stores anything.
 */
const SIZE_OF_LOG = `
local dropped, size = 0, redis.call('LLEN', KEYS[1])
if size > 0 then
  dropped = tonumber(redis.call('LINDEX', KEYS[1], 0))
  size = size - 1
end
`

/** KEYS: log. ARGV: expected length or ''; ttl in ms or ''; how many to keep or ''; entries. The new length, or -1. */
export const APPEND_TO_LOG = createScript(`
local exists = redis.call('EXISTS', KEYS[1]) == 1
${SIZE_OF_LOG}
if ARGV[1] ~= '' and tonumber(ARGV[1]) ~= dropped + size then return -1 end
local added = #ARGV - 3
if not exists then
  if added == 0 then return 0 end
  redis.call('RPUSH', KEYS[1], '0')
end
for from = 4, #ARGV, 1000 do
  redis.call('RPUSH', KEYS[1], unpack(ARGV, from, math.min(from + 999, #ARGV)))
end
size = size + added
local surplus = ARGV[3] == '' and 0 or size - tonumber(ARGV[3])
if surplus > 0 then
  redis.call('LTRIM', KEYS[1], surplus, -1)
  dropped = dropped + surplus
  size = size - surplus
  redis.call('LSET', KEYS[1], 0, string.format('%.0f', dropped))
end
if ARGV[2] == '' then redis.call('PERSIST', KEYS[1]) else redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return dropped + size
`)

/** KEYS: log. ARGV: index. Index of the first entry given, length, entries. */
export const READ_LOG = createScript(`
${SIZE_OF_LOG}
local length = dropped + size
local first = math.min(math.max(tonumber(ARGV[1]), dropped), length)
return { first, length, redis.call('LRANGE', KEYS[1], string.format('%.0f', first - dropped + 1), -1) }
`)
