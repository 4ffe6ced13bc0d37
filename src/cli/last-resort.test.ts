import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { silentLogger } from '../telemetry/logger.ts'
import { installLastResort } from './last-resort.ts'

function setUp(graceMs = 10_000) {
  const source = new EventEmitter()
  const said: string[] = []
  let exits = 0
  const log = { ...silentLogger, error: (_: object, message: string) => void said.push(message) }
  const resort = installLastResort(log, { source, exit: () => (exits += 1), graceMs })
  return { source, said, resort, exits: () => exits }
}

describe('installLastResort()', () => {
  it('logs a rejection and goes on', () => {
    const t = setUp()
    t.source.emit('unhandledRejection', new Error('x'))
    assert.equal(t.said.length, 1)
    assert.equal(t.resort.crashed.aborted, false)
    t.resort.close()
  })

  it('logs an exception and asks to stop', () => {
    const t = setUp()
    t.source.emit('uncaughtException', new Error('x'))
    t.source.emit('uncaughtException', new Error('y'))
    assert.equal(t.said.length, 2)
    assert.equal(t.resort.crashed.aborted, true)
    t.resort.close()
  })

  it('ends at once what does not stop in time', async () => {
    const t = setUp(5)
    t.source.emit('uncaughtException', new Error('x'))
    await sleep(30)
    assert.equal(t.exits(), 1)
    t.resort.close()
  })

  it('leaves nothing behind', () => {
    const t = setUp()
    t.source.emit('uncaughtException', new Error('x'))
    t.resort.close()
    assert.deepEqual(t.source.eventNames(), [])
  })
})
