import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Cancellation } from '../../base/cancellation.ts'
import type { JsonObject } from '../../base/json.ts'
import { OperatorAnswers } from './operator-answers.ts'

const QUESTION = {
  key: 'q',
  request: { method: 'elicitation/create', params: { message: 'Sure?' } },
  timeoutMs: 1000,
} as const

/** A client that answers when told to, and gives up when nobody wants to know any more. */
function client() {
  const { promise, resolve, reject } = Promise.withResolvers<JsonObject>()
  const told: string[] = []
  const ask = (until: Cancellation): Promise<JsonObject> => {
    until.onCancel((reason) => {
      told.push(reason)
      reject(new Error(reason))
    })
    return promise
  }
  return { ask, told, resolve }
}

describe('OperatorAnswers', () => {
  it('takes the answer of an operator, and asks the client no more', async () => {
    const answers = new OperatorAnswers()
    const { ask, told } = client()
    const asked = answers.ask({ ...QUESTION, cancellation: new Cancellation() }, ask)
    assert.deepEqual(answers.all(), [{ key: 'q', params: { message: 'Sure?' } }])
    assert.equal(answers.answer('other', { action: 'accept' }), false)
    assert.equal(answers.answer('q', { action: 'decline' }), true)
    assert.deepEqual(await asked, { action: 'decline' })
    assert.deepEqual(told, ['an operator has answered'])
    assert.deepEqual(answers.all(), [])
    assert.equal(answers.answer('q', { action: 'accept' }), false)
  })

  it('takes the answer of the client', async () => {
    const answers = new OperatorAnswers()
    const { ask, resolve } = client()
    const asked = answers.ask({ ...QUESTION, cancellation: new Cancellation() }, ask)
    resolve({ action: 'accept' })
    assert.deepEqual(await asked, { action: 'accept' })
    assert.deepEqual(answers.all(), [])
  })

  it('ends with the run', async () => {
    const answers = new OperatorAnswers()
    const cancellation = new Cancellation()
    const asked = answers.ask({ ...QUESTION, cancellation }, client().ask)
    cancellation.cancel('enough')
    await assert.rejects(asked, /enough/)
    assert.deepEqual(answers.all(), [])
  })
})
