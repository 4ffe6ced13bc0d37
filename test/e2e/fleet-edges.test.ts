import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { textOf } from '../support/behind-gateway.ts'
import { connectHttp, connectSse, ERAS } from '../support/clients.ts'
import { startFixture, type FixtureBackend } from '../support/fixture.ts'
import { startNearFleet, type NearFleet } from '../support/fleet.ts'
import { findMessage, openSession, readEvents, type RawSession } from '../support/raw-mcp.ts'
import { until } from '../support/until.ts'

const URI = 'test://watched-resource'

/** Each request of a client goes to another replica. */
for (const variant of ['http-legacy', 'stdio-legacy', 'http-modern'] as const) {
  describe(`clients of a fleet in front of a ${variant} backend`, () => {
    let fixture: FixtureBackend
    let fleet: NearFleet
    before(async () => {
      fixture = await startFixture(variant, { extras: true })
      fleet = await startNearFleet({ backends: { fixture: fixture.entry } })
    })
    after(async () => {
      await fleet?.[Symbol.asyncDispose]()
      await fixture?.[Symbol.asyncDispose]()
    })

    for (const era of ERAS) {
      it(`answer questions through any replica (${era})`, async () => {
        for (let turn = 0; turn < 3; turn++) {
          await using peer = await connectHttp(fleet.url, { era })
          const rounds = await peer.client.callTool({
            name: 'test_input_required_result_multi_round',
            arguments: {},
          })
          assert.equal(textOf(rounds), 'Ada likes green')
        }
      })

      it(`hear of a resource wherever it changes (${era})`, async () => {
        for (let turn = 0; turn < 3; turn++) {
          const seen: string[] = []
          await using peer = await connectHttp(fleet.url, {
            era,
            prepare: (client) =>
              client.setNotificationHandler('notifications/resources/updated', ({ params }) => {
                seen.push(params.uri)
              }),
          })
          // The SDK opens its stream in the background.
          await sleep(300)
          if (era === 'modern') await peer.client.listen({ resourceSubscriptions: [URI] })
          else await peer.client.subscribeResource({ uri: URI })
          for (let touch = 0; touch < 3; touch++) {
            await peer.client.callTool({ name: 'touch', arguments: { uri: URI } })
          }
          await until('three updates', () => (seen.length >= 3 ? true : undefined))
          await sleep(100)
          assert.equal(seen.length, 3)
        }
      })
    }

    it('stop hearing of a resource through another replica', async () => {
      const seen: string[] = []
      await using peer = await connectHttp(fleet.url, {
        era: 'legacy',
        prepare: (client) =>
          client.setNotificationHandler('notifications/resources/updated', ({ params }) => {
            seen.push(params.uri)
          }),
      })
      await peer.client.subscribeResource({ uri: URI })
      await peer.client.ping()
      await peer.client.unsubscribeResource({ uri: URI })
      await sleep(100)
      await peer.client.callTool({ name: 'touch', arguments: { uri: URI } })
      await sleep(300)
      assert.deepEqual(seen, [])
    })

    it('resume a stream through another replica', async () => {
      const session = await at(0)
      const call = { name: 'slow', arguments: { ms: 1500, label: 'long' } }
      const stop = new AbortController()
      const opened = await session.open('tools/call', call, stop.signal)
      let last: string | undefined
      for await (const event of readEvents(opened)) {
        last = event.id
        break
      }
      stop.abort()
      fleet.next = 1
      const resumed = await session.get(last, AbortSignal.timeout(20_000))
      const { result } = await findMessage(resumed, (message) => message.result !== undefined)
      assert.equal(textOf(result ?? {}), 'slept long')
      fleet.next = undefined
    })

    it('cancel through another replica', async () => {
      const session = await at(0)
      await session.send('tools/call', { name: 'cancelled', arguments: {} })
      const call = { name: 'slow', arguments: { ms: 20_000, label: 'unwanted' } }
      const opened = session.open('tools/call', call)
      await sleep(700)
      fleet.next = 1
      const requestId = session.lastId()
      assert.equal(await session.notify('notifications/cancelled', { requestId }), 202)
      const answer = await findMessage(await opened, (message) => message.error !== undefined)
      assert.match(answer.error?.message ?? '', /cancelled/)
      await until('the cancellation at the backend', async () => {
        const { response } = await session.send('tools/call', { name: 'cancelled', arguments: {} })
        return textOf(response.result ?? {}).includes('unwanted') ? true : undefined
      })
      fleet.next = undefined
    })

    it('work over HTTP+SSE, with the POSTs anywhere', async () => {
      const origin = new URL(fleet.url).origin
      await using peer = await connectSse(`${origin}/sse`, {})
      for (let turn = 0; turn < 4; turn++) {
        const result = await peer.client.callTool({ name: 'test_simple_text', arguments: {} })
        assert.match(textOf(result), /simple text/)
      }
      const asked = await peer.client.callTool({
        name: 'test_input_required_result_elicitation',
        arguments: {},
      })
      assert.match(textOf(asked), /Ada|cannot/)
    })

    it('keep their log level everywhere', async () => {
      const session = await at(0)
      await session.send('logging/setLevel', { level: 'emergency' })
      fleet.next = 2
      const quiet = await session.send('tools/call', {
        name: 'test_tool_with_logging',
        arguments: {},
      })
      assert.equal(quiet.messages.length, 1)
      await session.send('logging/setLevel', { level: 'debug' })
      fleet.next = 1
      const loud = await session.send('tools/call', {
        name: 'test_tool_with_logging',
        arguments: {},
      })
      assert.ok(loud.messages.length > 1)
      fleet.next = undefined
    })

    /** A session made by one replica. */
    async function at(index: number): Promise<RawSession> {
      fleet.next = index
      return openSession(fleet.url, { capabilities: { elicitation: {} } })
    }
  })
}
