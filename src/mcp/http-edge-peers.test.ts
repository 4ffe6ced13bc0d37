import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Delivery, EdgeMessage, EdgePeers, Forwarded } from './edge-peers.ts'
import { initializeLegacy, openSse, send, startTestEdge } from './testing/test-edge.ts'

/** Another replica, of which a test says what becomes of messages to it. */
function fakePeers(delivery: Promise<Delivery>, forwarded: Forwarded = 'gone') {
  const sent: EdgeMessage[] = []
  const peers: EdgePeers = {
    self: 'r1',
    forward: async () => forwarded,
    async send(_to, message) {
      sent.push(message)
      return delivery
    },
    async sendAll(message) {
      sent.push(message)
      await delivery
    },
  }
  return { peers, sent }
}

const ANSWER = { jsonrpc: '2.0', id: 'r2_abc-1', result: { action: 'decline' } }
const CANCEL = {
  jsonrpc: '2.0',
  method: 'notifications/cancelled',
  params: { requestId: 7 },
}

describe('what a legacy client says to another replica', () => {
  it('is accepted when that has it, not before', async () => {
    for (const message of [ANSWER, CANCEL]) {
      const arrived = Promise.withResolvers<Delivery>()
      const { peers, sent } = fakePeers(arrived.promise)
      await using test = await startTestEdge({ peers })
      const client = await initializeLegacy(test.url)
      let status: number | undefined
      const posted = client.post(message).then((answer) => (status = answer.status))
      await new Promise((resolve) => setTimeout(resolve, 50))
      assert.equal(status, undefined)
      assert.deepEqual(sent[0]?.message, message)
      arrived.resolve('taken')
      assert.equal(await posted, 202)
    }
  })

  it('is refused for now where it is not known to have arrived', async () => {
    const { peers } = fakePeers(Promise.resolve('silent'))
    await using test = await startTestEdge({ peers })
    const client = await initializeLegacy(test.url, { version: '2025-03-26' })
    for (const body of [ANSWER, [ANSWER, CANCEL]]) {
      const answer = await client.post(body)
      assert.equal(answer.status, 503)
      assert.equal(answer.headers['retry-after'], '1')
      assert.match(answer.text, /send the answer again/)
    }
  })

  it('is accepted though nobody waits for it any more', async () => {
    for (const delivery of ['unwanted', 'gone'] as const) {
      const { peers } = fakePeers(Promise.resolve(delivery))
      await using test = await startTestEdge({ peers })
      const client = await initializeLegacy(test.url)
      assert.equal((await client.post(ANSWER)).status, 202)
    }
  })
})

describe('what another replica is to tell a client', () => {
  it('is told here if that has gone and the client came back here meanwhile', async () => {
    const delivery = Promise.withResolvers<Delivery>()
    const { peers, sent } = fakePeers(delivery.promise)
    await using test = await startTestEdge({ peers })
    const client = await initializeLegacy(test.url)
    const session = test.gateway.live.get(client.sessionId)!
    session.streamAt = 'r2'
    test.edge.channelFor(session).notify('notifications/tools/list_changed')
    assert.equal(sent.length, 1)
    session.streamAt = undefined
    const stream = await openSse(test.url, { method: 'GET', headers: client.headers })
    assert.equal((await stream.next()).data, '')
    delivery.resolve('gone')
    assert.equal((await stream.next()).json['method'], 'notifications/tools/list_changed')
    stream.close()
  })
})

describe('a message to an SSE stream of another replica', () => {
  it('is not found only where nothing was done, nor will be', async () => {
    const body = { jsonrpc: '2.0', id: 7, method: 'tools/call', params: { name: 'echo' } }
    const expected = [
      ['gone', 404, /Session not found/],
      ['silent', 503, /nothing was done, try again/],
      ['unknown', 502, /Outcome unknown/],
    ] as const
    for (const [forwarded, status, text] of expected) {
      const { peers } = fakePeers(Promise.resolve('taken'), forwarded)
      await using test = await startTestEdge({ peers })
      const answer = await send(`${test.origin}/messages?sessionId=r2_abc`, { body })
      assert.equal(answer.status, status)
      assert.match(answer.text, text)
      assert.equal(answer.json.id, status === 404 ? null : 7)
    }
  })
})
