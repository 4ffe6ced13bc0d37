import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { gatewayConfig, startGateway, type Gateway } from '../support/gateway.ts'
import { callIn } from '../support/lab-client.ts'
import { tool } from '../support/lab-tools.ts'
import { startLab, type Lab } from '../support/lab.ts'
import { openSession, type RawSession } from '../support/raw-mcp.ts'
import { createTempDir, type TempDir } from '../support/temp-dir.ts'
import { until } from '../support/until.ts'

const statusOf = async (session: RawSession) => (await session.send('tools/list')).status

describe('a session', () => {
  let lab: Lab
  let gateway: Gateway
  before(async () => {
    lab = await startLab()
    gateway = await startGateway(gatewayConfig({ lab: lab.entry }), {
      args: ['--session-ttl', '2s'],
    })
  })
  after(async () => {
    await gateway?.[Symbol.asyncDispose]()
    await lab?.[Symbol.asyncDispose]()
  })

  it('lives as long as it is used, and a while longer', async () => {
    const used = await openSession(gateway.url)
    const idle = await openSession(gateway.url)
    const busy = await openSession(gateway.url)
    assert.equal(await callIn(idle, 'count'), '1')
    const call = callIn(busy, 'wait', { ms: 4500 })
    for (let n = 0; n < 4; n++) {
      await sleep(1000)
      assert.equal(await callIn(used, 'count'), String(n + 1))
    }
    assert.equal(await statusOf(idle), 404, 'nobody used it for two seconds')
    assert.equal(await call, 'done wait', 'a call in flight is use')
    assert.equal(await callIn(used, 'count'), '5')
    await until('the end of its session at the backend', () =>
      lab.deleted.length > 0 ? true : undefined,
    )
  })

  it('is unknown (404) to every request once it was ended', async () => {
    const session = await openSession(gateway.url)
    const headers = { 'mcp-session-id': session.id }
    assert.equal((await fetch(gateway.url, { method: 'DELETE', headers })).status, 204)
    assert.equal(await statusOf(session), 404)
    assert.equal(await session.notify('notifications/initialized'), 404)
    assert.equal((await session.get()).status, 404)
    assert.equal((await fetch(gateway.url, { method: 'DELETE', headers })).status, 404)
  })

  it('ends its calls and its stream with it', async () => {
    const session = await openSession(gateway.url)
    const stream = await session.get()
    const call = callIn(session, 'wait', { ms: 20_000 })
    await sleep(150)
    const headers = { 'mcp-session-id': session.id }
    await fetch(gateway.url, { method: 'DELETE', headers })
    assert.match(await call, /error .*the session has ended/)
    await stream.text()
  })
})

describe('sessions over the limit', () => {
  it('end the least recently used one, never one with a call or a stream', async () => {
    await using lab = await startLab()
    await using gateway = await startGateway(
      gatewayConfig({ lab: lab.entry }, { operational: { sessions: { maxSessions: 4 } } }),
    )
    const [calling, streaming, old, used] = [
      await openSession(gateway.url),
      await openSession(gateway.url),
      await openSession(gateway.url),
      await openSession(gateway.url),
    ]
    const call = callIn(calling, 'wait', { ms: 25_000 })
    const stream = await streaming.get()
    await sleep(1100)
    assert.equal(await statusOf(used), 200)
    const fifth = await openSession(gateway.url)
    assert.deepEqual([await statusOf(old), await statusOf(used)], [404, 200])
    await sleep(1100)
    assert.equal(await statusOf(fifth), 200)
    const sixth = await openSession(gateway.url)
    assert.equal(await statusOf(used), 404)
    assert.deepEqual([await statusOf(fifth), await statusOf(sixth)], [200, 200])
    assert.deepEqual([await statusOf(calling), await statusOf(streaming)], [200, 200])
    await stream.body?.cancel()
    const headers = { 'mcp-session-id': calling.id }
    await fetch(gateway.url, { method: 'DELETE', headers })
    assert.match(await call, /the session has ended/, 'until then it was in work')
  })
})

describe('sessions in SQLite', () => {
  let lab: Lab
  let folder: TempDir
  before(async () => {
    lab = await startLab()
    folder = await createTempDir()
  })
  after(async () => {
    await lab?.[Symbol.asyncDispose]()
    await folder?.[Symbol.asyncDispose]()
  })
  const start = (type: string, args: string[] = []) =>
    startGateway(
      gatewayConfig(
        { lab: lab.entry },
        {
          incomingAuth: { type },
          sessionStorage: { provider: 'sqlite', path: join(folder.path, 'sessions.db') },
        },
      ),
      { args },
    )
  const at = (gateway: Gateway, session: RawSession, params: object = {}) =>
    fetch(gateway.url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'mcp-session-id': session.id,
        'mcp-protocol-version': session.version,
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params }),
    })

  it('go on after a restart, and after a crash; those that were ended do not', async () => {
    const first = await start('anonymous')
    const kept = await openSession(first.url)
    const ended = await openSession(first.url)
    assert.equal(await callIn(kept, 'count'), '1')
    lab.tools = Array.from({ length: 1100 }, (_, n) => tool(`t${String(n).padStart(4, '0')}`))
    lab.announce('notifications/tools/list_changed')
    const cursor = await until('a second page', async () => {
      const { response } = await kept.send('tools/list')
      return response.result?.['nextCursor']
    })
    await fetch(first.url, { method: 'DELETE', headers: { 'mcp-session-id': ended.id } })
    assert.equal(await first.child.stop(), 0)
    await first[Symbol.asyncDispose]()

    const second = await start('anonymous')
    assert.equal((await at(second, kept)).status, 200)
    await until('the next page by the cursor of before', async () => {
      const page = await (await at(second, kept, { cursor })).text()
      assert.doesNotMatch(page, /Invalid cursor/)
      return page.includes('"t1099"') ? true : undefined
    })
    assert.equal((await at(second, ended)).status, 404)
    second.child.process.kill('SIGKILL')
    await second[Symbol.asyncDispose]()

    await using third = await start('anonymous')
    assert.equal((await at(third, kept)).status, 200)
    assert.equal((await at(third, { ...kept, id: 'no-such-session' })).status, 404)
  })

  it('are not given to another principal, and end when one tries', async () => {
    const first = await start('anonymous')
    const session = await openSession(first.url)
    await first[Symbol.asyncDispose]()
    const other = await start('local')
    assert.equal((await at(other, session)).status, 404)
    assert.match(other.child.output(), /another principal|somebody else/)
    await other[Symbol.asyncDispose]()
    await using again = await start('anonymous')
    assert.equal((await at(again, session)).status, 404)
  })
})
