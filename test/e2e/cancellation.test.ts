import type { Client } from '@modelcontextprotocol/client'
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { behindGateway, textOf } from '../support/behind-gateway.ts'
import { connectHttp, ERAS } from '../support/clients.ts'
import { FIXTURE_VARIANTS } from '../support/fixture.ts'
import { findMessage, openModern, openSession, readEvents } from '../support/raw-mcp.ts'
import { until } from '../support/until.ts'

for (const variant of FIXTURE_VARIANTS) {
  describe(`a call in flight at a ${variant} backend`, () => {
    const gateway = behindGateway(variant)
    const slow = (label: string, ms = 3000) => ({ name: 'slow', arguments: { ms, label } })

    /** Labels the backend saw cancelled: it may have a process for each session, so the client of the call asks. */
    const cancelled = async (client: Client): Promise<string[]> => {
      const result = await client.callTool({ name: 'cancelled', arguments: {} })
      return textOf(result).split(',')
    }
    const untilCancelled = (client: Client, label: string) =>
      until(`${label} to be cancelled at the backend`, async () =>
        (await cancelled(client)).includes(label) ? true : undefined,
      )

    it('is cancelled when a modern client disconnects', async () => {
      await using peer = await connectHttp(gateway().url, { era: 'modern' })
      // A process has to be there: what is cancelled before it was sent never reaches the backend.
      await cancelled(peer.client)
      const abort = new AbortController()
      const call = openModern(gateway().url, 'tools/call', slow('gone'), { signal: abort.signal })
      call.catch(() => {})
      await sleep(400)
      abort.abort()
      await untilCancelled(peer.client, 'gone')
    })

    it('goes on when a legacy client disconnects, and can be fetched', async () => {
      const session = await openSession(gateway().url)
      const abort = new AbortController()
      const opened = await session.open('tools/call', slow('stays', 1000), abort.signal)
      let lastEventId: string | undefined
      for await (const event of readEvents(opened)) {
        lastEventId = event.id
        break
      }
      abort.abort()
      assert.ok(lastEventId !== undefined, 'the stream began with an event that has an id')
      const resumed = await session.get(lastEventId, AbortSignal.timeout(8000))
      const { result } = await findMessage(resumed, (message) => message.result !== undefined)
      assert.equal(textOf(result ?? {}), 'slept stays')
      const { response } = await session.send('tools/call', { name: 'cancelled' })
      assert.ok(!textOf(response.result ?? {}).includes('stays'), 'the backend saw no cancellation')
    })

    for (const era of ERAS) {
      it(`is cancelled when a ${era} client says so`, async () => {
        await using peer = await connectHttp(gateway().url, { era })
        await cancelled(peer.client)
        const abort = new AbortController()
        const call = peer.client.callTool(slow(`said-${era}`), { signal: abort.signal })
        call.catch(() => {})
        await sleep(400)
        abort.abort('no longer needed')
        await assert.rejects(call)
        await untilCancelled(peer.client, `said-${era}`)
      })
    }
  })
}
