/**
 * How many of a number of permits each replica holds. Reports what one of them needs, and gives it what it may have. What a
 * replica that died held is free when it expires. Times are those of Redis.
 *
 * KEYS: one hash, a field per replica: `held until waiting until`. ARGV: replica, permits it keeps, how many more it wants, limit,
 * life of what it holds and of its wish in ms. Answers what it holds now, and down to how many it should give back as calls end: the
 * limit where nobody else waits, else its share, or none where there are more replicas than permits.
 */
export const PERMIT_SCRIPT = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local me, keep, want, limit = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local others, claimants, wanted = 0, 1, false
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  if all[i] ~= me then
    local held, heldUntil, waiting, waitUntil = string.match(all[i + 1], '(%d+) (%d+) (%d+) (%d+)')
    held = tonumber(heldUntil) > now and tonumber(held) or 0
    waiting = tonumber(waitUntil) > now and tonumber(waiting) or 0
    if held == 0 and waiting == 0 then
      redis.call('HDEL', KEYS[1], all[i])
    else
      claimants = claimants + 1
      others = others + held
      wanted = wanted or waiting > 0
    end
  end
end
local most = limit
if wanted then most = math.ceil(limit / claimants) end
local grant = math.max(0, math.min(want, limit - others - keep, most - keep))
local held = keep + grant
if held == 0 and want == 0 then
  redis.call('HDEL', KEYS[1], me)
else
  local line = string.format('%d %.0f %d %.0f', held, now + ARGV[5], want - grant, now + ARGV[6])
  redis.call('HSET', KEYS[1], me, line)
  redis.call('PEXPIRE', KEYS[1], 4 * ARGV[5])
end
if wanted and limit < claimants then most = 0 end
return { held, most }
`
