import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { it } from 'node:test'
import { MasterConnector } from './sentinel-connector.ts'

it('does not watch for another master while it looks for the next connection', async () => {
  const connector = new MasterConnector({
    name: 'mymaster',
    // Nobody listens there.
    sentinels: [{ host: '127.0.0.1', port: 1 }],
    sentinelRetryStrategy: () => null,
  })
  let cleanedUp = 0
  const watching = connector as unknown as { failoverDetector: unknown }
  watching.failoverDetector = { cleanup: () => void (cleanedUp += 1) }
  const emitter = Object.assign(new EventEmitter(), { silentEmit() {} })
  await assert.rejects(connector.connect(emitter.emit.bind(emitter)), /sentinels are unreachable/i)
  assert.equal(cleanedUp, 1)
  assert.equal(watching.failoverDetector, null)
})
