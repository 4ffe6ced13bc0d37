import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Cancellation } from '../../base/cancellation.ts'
import { ANONYMOUS } from '../../mcp/caller.ts'
import type { ClientChannel, ClientSession } from '../../mcp/client-session.ts'
import { mcpErrors } from '../../mcp/errors.ts'
import { LEGACY_CLIENT } from '../testing/fake-backend.ts'
import { askSession } from './ask-session.ts'

const QUESTION = { method: 'elicitation/create', params: { message: '?' } } as const

const channelOf = ({ channel }: ClientSession) => channel

function sessionWith(ask: ClientChannel['ask'] | undefined): ClientSession {
  const channel = ask && { ask, notify() {}, close() {} }
  return { id: 's', principal: ANONYMOUS, client: LEGACY_CLIENT, channel, inFlight: 0 }
}

function cannot(requiredCapabilities: Record<string, object>) {
  return mcpErrors.CLIENT_CANNOT_ANSWER({
    method: QUESTION.method,
    reason: 'no',
    requiredCapabilities: requiredCapabilities as Record<string, never>,
  })
}

describe('askSession()', () => {
  it('asks when the client is back, and not before', async () => {
    const found = [
      'unavailable',
      sessionWith(undefined),
      sessionWith(() => Promise.reject(cannot({}))),
      sessionWith(async () => ({ action: 'accept' })),
    ] as const
    let looks = 0
    const answer = askSession(async () => found[looks++]!, channelOf, QUESTION, new Cancellation())
    assert.deepEqual(await answer, { action: 'accept' })
    assert.equal(looks, 4)
  })

  it('gives up where the session has ended or the client cannot be asked', async () => {
    await assert.rejects(
      askSession(async () => 'unknown', channelOf, QUESTION, new Cancellation()),
      {
        code: 'MCP_CLIENT_CANNOT_ANSWER',
      },
    )
    const mute = sessionWith(() => Promise.reject(cannot({ elicitation: {} })))
    await assert.rejects(
      askSession(async () => mute, channelOf, QUESTION, new Cancellation()),
      {
        code: 'MCP_CLIENT_CANNOT_ANSWER',
      },
    )
  })

  it('stops looking when the question is withdrawn', async () => {
    const until = new Cancellation()
    const asked = askSession(async () => sessionWith(undefined), channelOf, QUESTION, until)
    until.cancel('timed out')
    await assert.rejects(asked, { code: 'MCP_CALL_CANCELLED' })
  })
})
