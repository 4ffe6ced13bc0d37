import { createMemoryRateLimiter } from './rate-limit/memory-rate-limiter.ts'
import type { RunScript } from './rate-limit/redis-rate-limiter.ts'
import type { RateLimiter } from './rate-limiter.ts'

/** Opens buckets in Redis where there is a way to run scripts there, else in the memory of this process. */
export async function openRateLimiter(runScript: RunScript | undefined): Promise<RateLimiter> {
  const nowMs = () => performance.now()
  if (runScript === undefined) return createMemoryRateLimiter({ nowMs })
  const { createRedisRateLimiter } = await import('./rate-limit/redis-rate-limiter.ts')
  return createRedisRateLimiter({ runScript, nowMs })
}
