import assert from 'node:assert/strict'
import { it } from 'node:test'
import { defineErrors } from '../../base/errors.ts'
import { silentLogger } from '../../telemetry/logger.ts'
import { toFailure } from './failure.ts'

const storage = defineErrors('STORAGE', {
  REDIS_AWAY: {
    fault: 'environment',
    status: 503,
    message: (d: { store: string }) => `Cannot use the Redis at "${d.store}" now`,
    hint: (d: { store: string }) => `look at ${d.store}`,
  },
})

it('tells clients no addresses of the store, and the log all of it', () => {
  const logged: unknown[] = []
  const log = { ...silentLogger, debug: (fields: object) => void logged.push(fields) }
  const thrown = storage.REDIS_AWAY({ store: 'redis.internal:6379' })
  for (const era of ['legacy', 'modern'] as const) {
    const failure = toFailure(thrown, era, { log, newId: () => 'id' })
    assert.equal(failure.status, 503)
    assert.doesNotMatch(JSON.stringify(failure), /internal/)
    assert.match(JSON.stringify(failure), /STORAGE_REDIS_AWAY.*Try again/)
  }
  assert.deepEqual(logged, [{ err: thrown }, { err: thrown }])
})
