import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { describe, it } from 'node:test'
import { Cancellation } from '../base/cancellation.ts'
import { resultReply, type Reply } from '../mcp/reply.ts'
import { silentLogger } from '../telemetry/logger.ts'
import { CONNECTION_PATHS } from './connection-paths.ts'
import { jsonFrame } from './link/frames.ts'
import { createLinkClient } from './link/link-client.ts'
import { linkKey } from './link/link-keys.ts'
import { openLinkServer } from './link/link-server.ts'
import { RemoteConnection } from './remote-connection.ts'
import { createSilence } from './silence.ts'
import { PLACE, testRequest } from './testing/test-cluster.ts'

/** A connection of a replica that says what it is told to, or stands still: it takes requests and does nothing. */
async function setUp() {
  const held: ServerResponse[] = []
  const state = { stands: true, isDead: false, isKnown: true, taken: 0 }
  const keys = [linkKey(Buffer.alloc(32))] as const
  const take = (response: ServerResponse): void => {
    state.taken++
    if (state.stands) held.push(response)
    else answer(response)
  }
  const server = await openLinkServer({
    selfId: 'rb',
    host: '127.0.0.1',
    port: 0,
    keys,
    maxBodyBytes: 10_000,
    handlers: new Map([[CONNECTION_PATHS.request, ({ response }) => take(response)]]),
    log: silentLogger,
  })
  const link = createLinkClient({ selfId: 'ra', keys })
  const replica = { id: 'rb', url: `http://127.0.0.1:${server.port}` }
  const silence = createSilence({
    signOf: async () => (state.isDead ? 'dead' : state.stands ? 'silent' : 'alive'),
    isKnown: () => state.isKnown,
    bury: async () => void (state.isKnown = false),
    log: silentLogger,
  })
  const lost: string[] = []
  const options = {
    link,
    replica,
    place: PLACE,
    silence,
    maxMessageBytes: 1_000_000,
    signal: new AbortController().signal,
    onLost: (reason: string) => lost.push(reason),
    log: silentLogger,
  }
  const connect = () =>
    new RemoteConnection(options, {
      era: 'legacy',
      version: '2025-11-25',
      server: { info: { name: 'test', version: '1' }, capabilities: {} },
      transport: 'stdio',
    })
  return {
    state,
    lost,
    connection: connect(),
    another: connect(),
    /** Resolves when it is known that it does not answer. */
    async noticed() {
      while (silence.of(replica) === undefined) await new Promise((done) => setTimeout(done, 20))
    },
    goOn() {
      state.stands = false
      for (const response of held.splice(0)) answer(response)
    },
    async [Symbol.asyncDispose]() {
      silence.close()
      link.close()
      await server.close()
    },
  }
}

function answer(response: ServerResponse): void {
  response.writeHead(200)
  response.end(Buffer.concat([jsonFrame('i', 'x'), jsonFrame('v', resultReply({ done: true }))]))
}

function isDone(reply: Reply): boolean {
  return reply.kind === 'result' && reply.result['done'] === true
}

describe('a connection of a replica that stands still', () => {
  it('is not used until that replica answers again', async () => {
    await using t = await setUp()
    const first = t.connection.request(testRequest())
    await t.noticed()
    const second = t.connection.request(testRequest())
    await new Promise((done) => setTimeout(done, 100))
    assert.equal(t.state.taken, 1, 'nothing more was sent there')
    t.goOn()
    assert.ok(isDone(await first))
    assert.ok(isDone(await second))
    assert.deepEqual(t.lost, [])
  })

  it('is given up when that replica is known to be dead: what was sent is unknown, the rest did not run', async () => {
    await using t = await setUp()
    const sent = t.connection.request(testRequest())
    await t.noticed()
    const waiting = t.connection.request(testRequest())
    t.state.isDead = true
    const ran = (code: string, is: string) => (error: { code: string; details: object }) => {
      assert.equal(error.code, code)
      assert.deepEqual((error.details as { ran: string }).ran, is)
      return true
    }
    await Promise.all([
      assert.rejects(sent, ran('MCP_BACKEND_GONE', 'unknown')),
      assert.rejects(waiting, ran('MCP_BACKEND_SESSION_LOST', 'no')),
    ])
    await assert.rejects(
      t.another.request(testRequest()),
      ran('MCP_BACKEND_SESSION_LOST', 'no'),
      'nothing is sent to the dead',
    )
    assert.equal(t.state.taken, 1)
    assert.ok(t.lost.length > 0)
  })

  it('is waited for only as long as somebody wants the answer', async () => {
    await using t = await setUp()
    const sent = t.connection.request(testRequest())
    sent.catch(() => {})
    await t.noticed()
    const cancellation = new Cancellation()
    const waiting = t.connection.request(testRequest({ cancellation }))
    cancellation.cancel('enough')
    await assert.rejects(waiting, { code: 'MCP_CALL_CANCELLED' })
    await t.connection.close()
    await assert.rejects(sent)
  })
})
