import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { gatewayConfig, startGateway } from '../support/gateway.ts'
import { callIn } from '../support/lab-client.ts'
import { startLab } from '../support/lab.ts'
import { openModern, openSession } from '../support/raw-mcp.ts'
import { until } from '../support/until.ts'

/** More than one client may have at one backend. */
const HANGING = 300
const SHARE = 256

describe('a client whose calls hang', () => {
  it('fills its own share of a backend, not that of others', async () => {
    await using lab = await startLab()
    await using gateway = await startGateway(gatewayConfig({ lab: lab.entry }))
    const session = await openSession(gateway.url)
    const end = new AbortController()
    let ended = 0
    const hanging = Array.from({ length: HANGING }, async () => {
      const params = { name: 'wait', arguments: { ms: 25_000 } }
      await openModern(gateway.url, 'tools/call', params, { signal: end.signal }).catch(() => {})
      ended++
    })
    await until(
      'a full share',
      () => (lab.executed.filter((name) => name === 'wait').length >= SHARE ? true : undefined),
      20_000,
    )
    assert.equal(await callIn(session, 'look'), 'done look')
    assert.equal(ended, 0, 'the others still hang')
    assert.equal(lab.executed.filter((name) => name === 'wait').length, SHARE)
    end.abort()
    await Promise.all(hanging)
    assert.equal(await callIn(session, 'look'), 'done look')
  })
})
