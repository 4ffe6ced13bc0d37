import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { behindGateway } from '../support/behind-gateway.ts'
import { connectHttp, connectSse, ERAS, type TestClient } from '../support/clients.ts'
import { FIXTURE_VARIANTS } from '../support/fixture.ts'
import { until } from '../support/until.ts'
import type { Client } from '@modelcontextprotocol/client'

const URI = 'test://watched-resource'

for (const variant of FIXTURE_VARIANTS) {
  describe(`changes at a ${variant} backend`, () => {
    const gateway = behindGateway(variant)

    for (const era of ERAS) {
      it(`tell a ${era} client of a subscribed resource, and stop telling`, async () => {
        const seen: string[] = []
        await using peer = await connectHttp(gateway().url, {
          era,
          prepare: (client) => collectUpdates(client, seen),
        })
        const unsubscribe = await subscribe(peer, era)
        await touch(peer.client, URI)
        await until('the update', () => seen[0])
        assert.deepEqual(seen, [URI])
        await unsubscribe()
        await touch(peer.client, URI)
        await touch(peer.client, 'test://static-text')
        await new Promise((resolve) => setTimeout(resolve, 300))
        assert.deepEqual(seen, [URI], 'nothing more after the end of the subscription')
      })

      it(`tell a ${era} client of a new tool, and list it`, async () => {
        let changes = 0
        const name = `added_${variant.replace('-', '_')}_${era}`
        await using peer = await connectHttp(gateway().url, {
          era,
          prepare: (client) =>
            client.setNotificationHandler('notifications/tools/list_changed', () => {
              changes++
            }),
        })
        const listening =
          era === 'modern' ? await peer.client.listen({ toolsListChanged: true }) : undefined
        await peer.client.callTool({ name: 'add_tool', arguments: { name } })
        await until('tools/list_changed', () => (changes > 0 ? changes : undefined))
        await listening?.close()
        // What one process of many can do is not on the list of clients without a session.
        if (variant === 'stdio-legacy' && era === 'modern') return
        await until('the new tool in the list', async () => {
          const { tools } = await peer.client.listTools({}, { cacheMode: 'bypass' })
          return tools.find((tool) => tool.name === name)
        })
      })
    }

    it('tell a client on HTTP+SSE of a subscribed resource', async () => {
      const seen: string[] = []
      await using peer = await connectSse(`${gateway().origin}/sse`, {
        prepare: (client) => collectUpdates(client, seen),
      })
      await subscribe(peer, 'legacy')
      await touch(peer.client, URI)
      await until('the update', () => seen[0])
    })

    it('reach only those who asked', async () => {
      const seen: string[] = []
      await using other = await connectHttp(gateway().url, {
        era: 'legacy',
        prepare: (client) => collectUpdates(client, seen),
      })
      await using peer = await connectHttp(gateway().url, { era: 'legacy' })
      await subscribe(peer, 'legacy')
      await touch(peer.client, URI)
      await new Promise((resolve) => setTimeout(resolve, 300))
      assert.deepEqual(seen, [])
      await other.client.ping()
    })
  })
}

async function subscribe(peer: TestClient, era: 'legacy' | 'modern'): Promise<() => Promise<void>> {
  if (era === 'modern') {
    const subscription = await peer.client.listen({ resourceSubscriptions: [URI] })
    assert.deepEqual(subscription.honoredFilter.resourceSubscriptions, [URI])
    return () => subscription.close()
  }
  await peer.client.subscribeResource({ uri: URI })
  return async () => void (await peer.client.unsubscribeResource({ uri: URI }))
}

async function touch(client: Client, uri: string): Promise<void> {
  await client.callTool({ name: 'touch', arguments: { uri } })
}

function collectUpdates(client: Client, seen: string[]): void {
  client.setNotificationHandler('notifications/resources/updated', ({ params }) => {
    seen.push(params.uri)
  })
}
