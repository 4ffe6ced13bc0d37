import assert from 'node:assert/strict'
import { it } from 'node:test'
import { defineErrors } from '../../base/errors.ts'
import { silentLogger } from '../../telemetry/logger.ts'
import { mcpErrors } from '../errors.ts'
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

it('says whose credentials a backend refuses, and where they are set', () => {
  const hintOf = (httpStatus: number) => {
    const thrown = mcpErrors.BACKEND_HTTP({ backend: 'b', httpStatus, reason: 'no', ran: 'no' })
    const { error } = toFailure(thrown, 'modern', { log: silentLogger, newId: () => 'id' })
    return error.data
  }
  assert.match(JSON.stringify(hintOf(401)), /can give it credentials: .*outgoingAuth\.backends\.b/)
  assert.match(JSON.stringify(hintOf(403)), /credentials that may do this: headers of backend/)
  assert.deepEqual(hintOf(500), { code: 'MCP_BACKEND_HTTP' })
})
