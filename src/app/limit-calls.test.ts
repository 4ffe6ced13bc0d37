import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { AppError } from '../base/errors.ts'
import { makeCall } from '../gateway/testing/fake-backend.ts'
import type { Call } from '../mcp/call.ts'
import { ANONYMOUS } from '../mcp/caller.ts'
import { resultReply, type Reply } from '../mcp/reply.ts'
import type { LimitedCall, RateLimits } from '../policy/rate-limits.ts'
import { createLimitStage } from './limit-calls.ts'

const REPLY = resultReply({ said: 'done' })
const REFUSED = new AppError({ code: 'X_LIMITED', fault: 'caller', status: 429, message: 'later' })

function setUp(refusal: RateLimits['refusal'] = () => undefined) {
  const counted: LimitedCall[] = []
  const passed: string[] = []
  const stage = createLimitStage(
    {
      refusal(call) {
        counted.push(call)
        return refusal(call)
      },
    },
    ({ params: { name } }) => (typeof name === 'string' ? `shown_${name}` : undefined),
  )
  const send = (changes: Partial<Call> = {}): Promise<Reply> =>
    stage(makeCall({ params: { name: 'find' }, ...changes }), async ({ method }) => {
      passed.push(method)
      return REPLY
    })
  return { counted, passed, send }
}

describe('createLimitStage()', () => {
  it('counts calls of tools by the name clients know, and nothing else', async () => {
    const t = setUp()
    assert.equal(await t.send(), REPLY)
    for (const method of ['tools/list', 'resources/read', 'prompts/get', 'tasks/get'])
      await t.send({ method })
    await t.send({ params: {} })
    assert.deepEqual(t.counted, [
      { tool: 'shown_find', principal: ANONYMOUS, isInner: false },
      { tool: '', principal: ANONYMOUS, isInner: false },
    ])
    assert.equal(t.passed.length, 6)
  })

  it('6.5 (otherwise there): knows the calls that a workflow makes', async () => {
    const t = setUp()
    await t.send({ origin: { workflow: 'w', run: 'r', step: 's' } })
    assert.equal(t.counted[0]?.isInner, true)
  })

  it('refuses at once, or when the answer comes, without going on', async () => {
    for (const refusal of [REFUSED, Promise.resolve(REFUSED)]) {
      const t = setUp(() => refusal)
      await assert.rejects(t.send(), REFUSED)
      assert.deepEqual(t.passed, [])
    }
  })

  it('goes on when the answer comes', async () => {
    const t = setUp(async () => undefined)
    assert.equal(await t.send(), REPLY)
  })
})
