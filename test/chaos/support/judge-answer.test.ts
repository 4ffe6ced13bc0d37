import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { judgeAnswer } from './judge-answer.ts'
import type { Answer } from './wire.ts'

const answer = (over: Partial<Answer>): Answer => ({
  status: 200,
  retryAfterMs: undefined,
  message: undefined,
  ...over,
})
const failure = (code: string, hint = '') =>
  answer({ message: { error: { code: -31000, message: 'm', data: { code, hint } } } })

describe('what a client makes of an answer', () => {
  it('tells a result, and whether it says that state was lost', () => {
    const result = { content: [{ type: 'text', text: '7' }] }
    assert.deepEqual(judgeAnswer(answer({ message: { result } }), true), {
      kind: 'done',
      text: '7',
      lostState: false,
    })
    const meta = { 'toolhive.stacklok.dev/stateLost': { backend: 'shop' } }
    const told = judgeAnswer(answer({ message: { result: { ...result, _meta: meta } } }), true)
    assert.equal(told.kind === 'done' && told.lostState, true)
  })

  it('takes 404 for the end of a session, if it has one', () => {
    assert.equal(judgeAnswer(answer({ status: 404 }), true).kind, 'dead')
    assert.equal(judgeAnswer(answer({ status: 404 }), false).kind, 'refused')
  })

  it('sends again what did not run', () => {
    for (const status of [502, 503, 504]) {
      assert.equal(judgeAnswer(answer({ status }), true).kind, 'again')
    }
    const waiting = judgeAnswer(answer({ status: 503, retryAfterMs: 1000 }), true)
    assert.equal(waiting.kind === 'again' && waiting.afterMs, 1000)
    assert.equal(judgeAnswer(failure('GATEWAY_BACKEND_AWAY'), true).kind, 'again')
  })

  it('takes an unknown outcome for that, and fetches it where it is told so', () => {
    const final = judgeAnswer(failure('GATEWAY_OUTCOME_UNKNOWN', 'Look whether'), true)
    assert.deepEqual([final.kind, final.kind === 'unknown' && final.fetchable], ['unknown', false])
    const later = judgeAnswer(failure('GATEWAY_OUTCOME_UNKNOWN', 'Send the same call with'), true)
    assert.equal(later.kind === 'unknown' && later.fetchable, true)
    assert.equal(judgeAnswer(failure('MCP_BACKEND_GONE'), true).kind, 'unknown')
  })

  it('takes every other error for a no', () => {
    assert.equal(judgeAnswer(failure('GATEWAY_BAD_IDEMPOTENCY_KEY'), true).kind, 'refused')
    const failed = { isError: true, content: [{ type: 'text', text: 'no' }] }
    assert.equal(judgeAnswer(answer({ message: { result: failed } }), true).kind, 'refused')
  })
})
