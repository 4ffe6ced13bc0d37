import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import type { JsonObject } from '../../../base/json.ts'
import { silentLogger } from '../../../telemetry/logger.ts'
import { toolCall } from '../../testing/test-connection.ts'
import { PendingCall } from '../pending-call.ts'
import { AskingHabits } from './asking-habits.ts'
import { Attribution } from './attribution.ts'
import { Questions } from './questions.ts'

describe('a question of a legacy backend', () => {
  it('is a sign of life, and so is the moment in which it may go on, however soon the answer comes', async () => {
    const { promise: answered, resolve: answer } = Promise.withResolvers<JsonObject>()
    const sent: string[] = []
    const questions = new Questions({
      events: {
        onNotification() {},
        onQuestion: () => Promise.reject(new Error('it belongs to a call')),
        onClose() {},
      },
      log: silentLogger,
      attribution: new Attribution({
        calls: () => [],
        habits: new AskingHabits(),
        isShared: true,
      }),
      send: (body) => void sent.push(body),
    })
    const request = toolCall('asks', {}, { onQuestion: () => answered })
    const owner = { name: 'memory', nowMs: 0, abandon() {}, forget() {} }
    const call = new PendingCall(1, request, owner, 0)
    questions.ask('q1', 'elicitation/create', {}, call)
    assert.notEqual(call.seenMs, 0)
    call.seenMs = 0
    answer({ action: 'accept' })
    await turn()
    assert.equal(sent.length, 1)
    assert.notEqual(call.seenMs, 0)
  })
})
