import { createScript } from './script.ts'

/*
 * An entry is a string: its version in decimal digits, a space, the value. A string without that head was written by another
 * program: it has version 0. Versions come from a counter that is never behind the clock of the server in microseconds, so
 * they grow even if the counter is lost (evicted, or a failover came before it was replicated).
 */
const VERSION_OF_ENTRY = `
local function version_of(key)
  local head = redis.call('GETRANGE', key, 0, 20)
  if head == '' then return nil end
  return tonumber(string.match(head, '^(%d+) ')) or 0
end
`

/** KEYS: entry, counter. ARGV: 'any', 'absent', 'present' or a version; ttl in ms or ''; value. The new version or ''. */
export const SET_ENTRY = createScript(`
${VERSION_OF_ENTRY}
local when, ttl, value = ARGV[1], ARGV[2], ARGV[3]
local found = nil
if when ~= 'any' then
  found = version_of(KEYS[1])
  if when == 'absent' then
    if found then return '' end
  elseif when == 'present' then
    if not found then return '' end
  elseif found ~= tonumber(when) then
    return ''
  end
end
local time = redis.call('TIME')
local version = time[1] * 1000000 + time[2]
local last = tonumber(redis.call('GET', KEYS[2]) or '0')
if version <= last then version = last + 1 end
local text = string.format('%.0f', version)
redis.call('SET', KEYS[2], text)
if ttl == '' then
  redis.call('SET', KEYS[1], text .. ' ' .. value)
else
  redis.call('SET', KEYS[1], text .. ' ' .. value, 'PX', ttl)
end
return text
`)

/** KEYS: entry. ARGV: version. 1 if it was there and is deleted. */
export const DELETE_ENTRY = createScript(`
${VERSION_OF_ENTRY}
if version_of(KEYS[1]) ~= tonumber(ARGV[1]) then return 0 end
return redis.call('DEL', KEYS[1])
`)

/** KEYS: entry. ARGV: version, ttl in ms. 1 if it was there and lives on. */
export const TOUCH_ENTRY = createScript(`
${VERSION_OF_ENTRY}
if version_of(KEYS[1]) ~= tonumber(ARGV[1]) then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
`)
