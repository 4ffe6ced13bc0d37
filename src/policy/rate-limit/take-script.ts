/**
 * Takes tokens from all buckets or from none, in one step, by the clock of Redis: replicas need not agree on the time.
 *
 * KEYS: the buckets, hashes of `tokens` and `last_refill` (µs since 1970), which expire after twice their refill period.
 * ARGV: how many tokens to take; then for each bucket its size and its refill period in µs.
 * Returns 0 and 0, or the number (from 1) of the bucket that takes longest until it has enough, and how many µs that takes.
 */
export const TAKE_SCRIPT = `
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local cost = tonumber(ARGV[1])
local left, slowest, wait = {}, 0, 0
for i, key in ipairs(KEYS) do
  local size, period = tonumber(ARGV[2 * i]), tonumber(ARGV[2 * i + 1])
  local held = redis.call('HMGET', key, 'tokens', 'last_refill')
  local passed = math.max(0, now - (tonumber(held[2]) or now))
  local tokens = math.min(size, (tonumber(held[1]) or size) + passed * size / period)
  left[i] = tokens - cost
  if left[i] < -0.000001 then
    local needs = math.ceil(-left[i] * period / size)
    if needs > wait then slowest, wait = i, needs end
  end
end
if slowest > 0 then return { slowest, wait } end
for i, key in ipairs(KEYS) do
  redis.call('HSET', key, 'tokens', string.format('%.9f', left[i]), 'last_refill', string.format('%.0f', now))
  redis.call('EXPIRE', key, math.ceil(2 * tonumber(ARGV[2 * i + 1]) / 1000000))
end
return { 0, 0 }
`
