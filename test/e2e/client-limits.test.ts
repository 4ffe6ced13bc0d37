import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { startFixture } from '../support/fixture.ts'
import { gatewayConfig, startGateway } from '../support/gateway.ts'
import { openModern, sendModern } from '../support/raw-mcp.ts'

const capabilities = { elicitation: {} }
const server = { trustedProxies: ['127.0.0.1'] }

/** As a client of this address behind our proxy, which says no more of itself. */
function from(address: string) {
  return { capabilities, headers: { 'x-forwarded-for': address } }
}

describe('modern clients without credentials', () => {
  it('ask and subscribe each for itself, however many places another one takes', async () => {
    await using fixture = await startFixture('http-legacy', { extras: true })
    const limits = { maxParkedPerClient: 105, maxSubscriptionsPerClient: 2 }
    await using gateway = await startGateway(
      gatewayConfig({ fixture: fixture.entry }, { server, operational: { limits } }),
    )
    const ask = async (address: string) => {
      const params = { name: 'test_elicitation', arguments: { message: 'Who are you?' } }
      const { status, response } = await sendModern(
        gateway.url,
        'tools/call',
        params,
        from(address),
      )
      return response.result?.['resultType'] ?? status
    }
    for (let i = 0; i < 105; i++) assert.equal(await ask('192.0.2.1'), 'input_required')
    assert.equal(await ask('192.0.2.1'), 503)
    assert.equal(await ask('192.0.2.2'), 'input_required')

    const open: AbortController[] = []
    const listen = async (address: string) => {
      const end = new AbortController()
      open.push(end)
      const params = { notifications: { toolsListChanged: true } }
      const reply = await openModern(gateway.url, 'subscriptions/listen', params, {
        ...from(address),
        signal: end.signal,
      })
      return reply.status
    }
    const statuses: number[] = []
    for (const last of [1, 1, 1, 2]) statuses.push(await listen(`192.0.2.${last}`))
    assert.deepEqual(statuses, [200, 200, 503, 200])
    for (const end of open) end.abort()
  })
})
