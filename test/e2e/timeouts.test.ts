import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { gatewayConfig, startGateway, type Gateway } from '../support/gateway.ts'
import { callIn, callModern, saidBy, stdioLab, toolNames } from '../support/lab-client.ts'
import { startLab, type Lab } from '../support/lab.ts'
import { findMessage, openModern, openSession } from '../support/raw-mcp.ts'
import { until } from '../support/until.ts'

describe('timeouts of the file', () => {
  let lab: Lab
  let patient: Lab
  let gateway: Gateway
  before(async () => {
    lab = await startLab()
    patient = await startLab()
    gateway = await startGateway(
      gatewayConfig(
        {
          lab: lab.entry,
          patient: patient.entry,
          own: {
            ...patient.entry,
            timeouts: { idle: '5s', absolute: '700ms', tools: { write: { idle: '250ms' } } },
          },
          tool: { ...lab.entry, timeouts: { tools: { wait: { idle: '2s', absolute: '0' } } } },
          local: stdioLab(),
        },
        {
          aggregation: {
            conflictResolution: 'prefix',
            conflictResolutionConfig: { prefixFormat: '{workload}_' },
          },
          operational: {
            timeouts: { default: '600ms', perWorkload: { patient: '3s' }, absolute: '5s' },
          },
        },
      ),
    )
    await until('all', async () => ((await toolNames(gateway.url)).length >= 36 ? true : undefined))
  })
  after(async () => {
    await gateway?.[Symbol.asyncDispose]()
    await lab?.[Symbol.asyncDispose]()
    await patient?.[Symbol.asyncDispose]()
  })

  async function timed(name: string, args: Record<string, unknown>): Promise<[string, number]> {
    const startedAt = performance.now()
    const answer = await callModern(gateway.url, name, args)
    return [answer, performance.now() - startedAt]
  }

  for (const backend of ['lab', 'local']) {
    it(`end a call after the silence of the default (${backend})`, async () => {
      const [answer, ms] = await timed(`${backend}_wait`, { ms: 3000 })
      assert.match(answer, /error .*did not answer within 600 ms/)
      assert.ok(ms > 500 && ms < 2900, String(ms))
    })

    it(`count silence only: progress begins it anew (${backend})`, async () => {
      const response = await openModern(
        gateway.url,
        'tools/call',
        { name: `${backend}_wait`, arguments: { ms: 1800, progressMs: 300 } },
        { meta: { progressToken: 'p' } },
      )
      const answer = await findMessage(response, (message) => message.id !== undefined)
      assert.equal(saidBy(answer), 'done wait')
    })
  }

  it('may be longer for a backend', async () => {
    const [answer] = await timed('patient_wait', { ms: 1000 })
    assert.equal(answer, 'done wait')
  })

  it('may be others for a tool', async () => {
    const [answer] = await timed('tool_wait', { ms: 1200 })
    assert.equal(answer, 'done wait')
  })

  it('end a call at the absolute one, whatever its progress', async () => {
    const startedAt = performance.now()
    const response = await openModern(
      gateway.url,
      'tools/call',
      { name: 'own_wait', arguments: { ms: 4000, progressMs: 100 } },
      { meta: { progressToken: 'p' } },
    )
    const answer = await findMessage(response, (message) => message.id !== undefined)
    assert.match(saidBy(answer), /error .*within 700 ms/)
    assert.ok(performance.now() - startedAt < 3900)
  })

  it('name the setting that changes them', async () => {
    const session = await openSession(gateway.url)
    const { response } = await session.send('tools/call', {
      name: 'lab_wait',
      arguments: { ms: 3000 },
    })
    assert.match(JSON.stringify(response.error?.data), /operational\.timeouts/)
  })

  it('leave the session as it was', async () => {
    const session = await openSession(gateway.url)
    assert.equal(await callIn(session, 'lab_count'), '1')
    assert.match(await callIn(session, 'lab_wait', { ms: 3000 }), /did not answer/)
    assert.equal(await callIn(session, 'lab_count'), '2')
  })

  it('of connecting let calls to what accepts and never speaks fail in time', async () => {
    const mute = createServer(() => {})
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(mute.address() as AddressInfo).port}/mcp`
    await using own = await startGateway(
      gatewayConfig(
        { mute: { transport: 'streamable-http', url }, lab: lab.entry },
        { operational: { timeouts: { connect: '400ms' } } },
      ),
    )
    const failure = await until('its failure', async () => {
      const body = await (await fetch(`${own.origin}/status`)).json()
      const { error = '' } = (body as { backends: { error?: string }[] }).backends[0] ?? {}
      return error === 'not reached yet' ? undefined : error
    })
    assert.match(failure, /400 ms/)
    mute.close()
  })
})
