import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Cancellation } from '../../base/cancellation.ts'
import { OpenQuestions } from './open-questions.ts'

const LONG_MS = 60_000

function request(message: string) {
  return { method: 'elicitation/create' as const, params: { message } }
}

describe('the open questions of a run', () => {
  it('go out together when they come together, and come back one by one', async () => {
    const questions = new OpenQuestions()
    const next = questions.next()
    const a = questions.add('a', request('A?'), LONG_MS, new Cancellation())
    const b = questions.add('b', request('B?'), LONG_MS, new Cancellation())
    assert.deepEqual(await next, { a: request('A?'), b: request('B?') })
    questions.answer({ a: { action: 'accept' }, unknown: {} }, false)
    assert.deepEqual(await a, { action: 'accept' })
    assert.deepEqual(await questions.next(), { b: request('B?') })
    questions.answer({ b: { action: 'decline' } }, false)
    assert.deepEqual(await b, { action: 'decline' })
    assert.equal(questions.size, 0)
  })

  it('expire', async () => {
    const questions = new OpenQuestions()
    const asked = questions.add('a', request('A?'), 5, new Cancellation())
    await assert.rejects(asked, { code: 'MCP_QUESTION_EXPIRED' })
    assert.equal(questions.size, 0)
  })

  it('end when nobody wants to know any more', async () => {
    const questions = new OpenQuestions()
    const cancellation = new Cancellation()
    const asked = questions.add('a', request('A?'), LONG_MS, cancellation)
    cancellation.cancel('the step is over')
    await assert.rejects(asked, { code: 'MCP_CALL_CANCELLED' })
  })

  it('take an answer that came before they were asked again, where that is wanted', async () => {
    const questions = new OpenQuestions()
    questions.answer({ kept: { action: 'accept' } }, true)
    questions.answer({ lost: { action: 'accept' } }, false)
    const kept = questions.add('kept', request('?'), LONG_MS, new Cancellation())
    assert.deepEqual(await kept, { action: 'accept' })
    const lost = questions.add('lost', request('?'), 5, new Cancellation())
    await assert.rejects(lost, { code: 'MCP_QUESTION_EXPIRED' })
  })
})
