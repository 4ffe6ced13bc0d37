import type { Stores } from '../storage/stores.ts'
import { createMemoryRateLimiter } from './rate-limit/memory-rate-limiter.ts'
import type { RateLimiter } from './rate-limiter.ts'

/** Opens buckets in Redis where that is where things are stored, else in the memory of this process. */
export async function openRateLimiter({ script }: Pick<Stores, 'script'>): Promise<RateLimiter> {
  const nowMs = () => performance.now()
  if (script === undefined) return createMemoryRateLimiter({ nowMs })
  const { createRedisRateLimiter } = await import('./rate-limit/redis-rate-limiter.ts')
  return createRedisRateLimiter({ script, nowMs })
}
