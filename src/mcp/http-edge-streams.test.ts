import assert from 'node:assert/strict'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { createClientAddress } from '../net/client-address.ts'
import type { Call } from './call.ts'
import { resultReply } from './reply.ts'
import {
  initializeLegacy,
  modern,
  openSse,
  send,
  startTestEdge,
  until,
} from './testing/test-edge.ts'
import type { TestEdge } from './testing/test-edge.ts'

const done = resultReply({ content: [{ type: 'text', text: 'done' }] })

function call(name: string, id: string | number = 1, meta?: object): object {
  return {
    jsonrpc: '2.0',
    id,
    method: 'tools/call',
    params: { name, arguments: {}, ...(meta ? { _meta: meta } : {}) },
  }
}

/** A promise to be settled from outside. */
function gate(): { opened: Promise<void>; open: () => void } {
  let open = (): void => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open }
}

describe('event streams of legacy POSTs', () => {
  it('streams notifications before the response, with ids and a priming event', async () => {
    await using test = await startTestEdge()
    test.gateway.tools.set('talks', (talking) => {
      talking.notify('notifications/progress', { progress: 1 })
      talking.notify('notifications/progress', { progress: 1 })
      talking.notify('notifications/message', { level: 'info', data: 'hi' })
      return done
    })
    const client = await initializeLegacy(test.url)
    const sse = await openSse(test.url, {
      headers: client.headers,
      body: call('talks', 'x', { progressToken: 'tok' }),
    })
    assert.equal(sse.headers['content-type'], 'text/event-stream')
    assert.equal(sse.headers['x-accel-buffering'], 'no')
    const priming = await sse.next()
    assert.equal(priming.data, '')
    assert.equal(priming.retry, '1000')
    assert.match(priming.id ?? '', /^\w+\.1\.0$/)
    const progress = await sse.next()
    assert.deepEqual(progress.json['params'], { progress: 1, progressToken: 'tok' })
    assert.equal((await sse.next()).json['method'], 'notifications/message')
    const response = await sse.next()
    assert.equal(response.json.id, 'x')
    assert.match(response.id ?? '', /\.1\.3$/)
    await sse.ended
  })

  it('does not prime clients before 2025-11-25 and gives no ids to 2024-11-05', async () => {
    await using test = await startTestEdge()
    test.gateway.tools.set('talks', (talking) => {
      talking.notify('notifications/message', { level: 'info', data: 'hi' })
      return done
    })
    for (const [version, hasId] of [
      ['2025-06-18', true],
      ['2024-11-05', false],
    ] as const) {
      const client = await initializeLegacy(test.url, { version })
      const sse = await openSse(test.url, { headers: client.headers, body: call('talks') })
      const first = await sse.next()
      assert.equal(first.json['method'], 'notifications/message')
      assert.equal(first.id !== undefined, hasId)
      await sse.ended
    }
  })

  it('turns a slow answer into a stream that is kept alive', async () => {
    const limits = { sseUpgradeMs: 20, keepAliveMs: 20, tickMs: 5 }
    await using test = await startTestEdge({ limits })
    test.gateway.tools.set('slow', async () => {
      await sleep(120)
      return done
    })
    const client = await initializeLegacy(test.url)
    const sse = await openSse(test.url, { headers: client.headers, body: call('slow') })
    await sse.ended
    assert.match(sse.text, /: keep-alive\n\n/)
    assert.match(sse.text, /"done"/)
  })

  it('stays plain JSON for a client that does not accept streams', async () => {
    const limits = { sseUpgradeMs: 10, tickMs: 5 }
    await using test = await startTestEdge({ limits })
    test.gateway.tools.set('slow', async (slow) => {
      slow.notify('notifications/message', { level: 'info', data: 'hi' })
      await sleep(50)
      return done
    })
    const client = await initializeLegacy(test.url)
    const answer = await client.post(call('slow'), { accept: 'application/json' })
    assert.equal(answer.headers['content-type'], 'application/json')
    assert.deepEqual(answer.json.result, done.kind === 'result' ? done.result : {})
  })

  it('keeps running when the connection is lost, and replays the rest to a GET', async () => {
    await using test = await startTestEdge()
    const finish = gate()
    let running: Call | undefined
    test.gateway.tools.set('long', async (long) => {
      running = long
      long.notify('notifications/message', { level: 'info', data: 'first' })
      await finish.opened
      long.notify('notifications/message', { level: 'info', data: 'second' })
      return done
    })
    const client = await initializeLegacy(test.url)
    const sse = await openSse(test.url, { headers: client.headers, body: call('long', 5) })
    await sse.next()
    const first = await sse.next()
    sse.close()
    await sse.ended
    await sleep(20)
    assert.equal(running?.cancellation.cancelled, false)
    finish.open()
    await sleep(20)
    const resumed = await openSse(test.url, {
      method: 'GET',
      headers: { ...client.headers, 'last-event-id': first.id ?? '' },
    })
    const priming = await resumed.next()
    assert.equal(priming.id, first.id)
    assert.equal((await resumed.next()).json['method'], 'notifications/message')
    assert.equal((await resumed.next()).json.id, 5)
    await resumed.ended
  })

  it('closes a stream for polling and goes on at the GET', async () => {
    await using test = await startTestEdge()
    const finish = gate()
    test.gateway.tools.set('polls', async (polls) => {
      polls.closeStream?.(25)
      await finish.opened
      return done
    })
    const client = await initializeLegacy(test.url)
    const sse = await openSse(test.url, { headers: client.headers, body: call('polls', 6) })
    const priming = await sse.next()
    assert.equal((await sse.next()).retry, '25')
    await sse.ended
    const resumed = await openSse(test.url, {
      method: 'GET',
      headers: { ...client.headers, 'last-event-id': priming.id ?? '' },
    })
    await resumed.next()
    finish.open()
    assert.equal((await resumed.next()).json.id, 6)
    await resumed.ended
  })

  it('forgets finished streams after a while and refuses to resume them', async () => {
    await using test = await startTestEdge({ limits: { replayKeepMs: 20, tickMs: 5 } })
    test.gateway.tools.set('talks', (talking) => {
      talking.notify('notifications/message', { level: 'info', data: 'hi' })
      return done
    })
    const client = await initializeLegacy(test.url)
    const sse = await openSse(test.url, { headers: client.headers, body: call('talks') })
    const priming = await sse.next()
    await sse.ended
    await sleep(60)
    for (const id of [priming.id ?? '', 'x.1.0', 'junk']) {
      const headers = { ...client.headers, accept: 'text/event-stream', 'last-event-id': id }
      assert.equal((await send(test.url, { method: 'GET', headers })).status, 400)
    }
  })

  it('bounds what it keeps for replay', async () => {
    await using test = await startTestEdge({ limits: { maxReplayEventsPerSession: 3 } })
    test.gateway.tools.set('talks', (talking) => {
      for (let i = 0; i < 10; i++) {
        talking.notify('notifications/message', { level: 'info', data: i })
      }
      return done
    })
    const client = await initializeLegacy(test.url)
    const sse = await openSse(test.url, { headers: client.headers, body: call('talks') })
    const priming = await sse.next()
    await sse.ended
    const resumed = await openSse(test.url, {
      method: 'GET',
      headers: { ...client.headers, 'last-event-id': priming.id ?? '' },
    })
    await resumed.ended
    assert.equal(resumed.text.match(/\ndata: \{/g)?.length, 3)
  })
})

describe('the standalone stream of a legacy session', () => {
  it('carries notifications of the session, and a new one takes its place', async () => {
    await using test = await startTestEdge()
    const client = await initializeLegacy(test.url)
    await client.post(call('echo'))
    const session = test.gateway.live.get(client.sessionId)
    session?.channel?.notify('notifications/tools/list_changed')
    const open = { method: 'GET', headers: client.headers }
    const first = await openSse(test.url, open)
    await first.next()
    assert.equal(session?.inFlight, 1)
    session?.channel?.notify('notifications/tools/list_changed')
    const event = await first.next()
    assert.equal(event.json['method'], 'notifications/tools/list_changed')
    const second = await openSse(test.url, open)
    await first.ended
    await second.next()
    second.close()
    await second.ended
    await sleep(20)
    assert.equal(session?.inFlight, 0)
    session?.channel?.notify('notifications/prompts/list_changed')
    const headers = { ...client.headers, 'last-event-id': event.id ?? '' }
    const third = await openSse(test.url, { method: 'GET', headers })
    await third.next()
    assert.equal((await third.next()).json['method'], 'notifications/prompts/list_changed')
    await test.gateway.sessions.end(session, 'over')
    await third.ended
  })

  it('tells a client that comes back without an event id what was said meanwhile, and nothing twice', async () => {
    await using test = await startTestEdge()
    const client = await initializeLegacy(test.url, { version: '2025-06-18' })
    await client.post(call('echo'))
    const session = test.gateway.live.get(client.sessionId)
    const open = { method: 'GET', headers: client.headers }
    const first = await openSse(test.url, open)
    await until(() => session?.inFlight === 1)
    session?.channel?.notify('notifications/tools/list_changed')
    assert.equal((await first.next()).json['method'], 'notifications/tools/list_changed')
    first.close()
    await until(() => session?.inFlight === 0)
    session?.channel?.notify('notifications/prompts/list_changed')
    const second = await openSse(test.url, open)
    assert.equal((await second.next()).json['method'], 'notifications/prompts/list_changed')
    second.close()
    await second.ended
  })

  it('loses its connection when its client has to look for it anew, and what is said meanwhile is kept', async () => {
    await using test = await startTestEdge()
    const client = await initializeLegacy(test.url)
    await client.post(call('echo'))
    const session = test.gateway.live.get(client.sessionId)
    const open = { method: 'GET', headers: client.headers }
    const first = await openSse(test.url, open)
    await until(() => session?.inFlight === 1)
    session?.channel?.hangUp?.()
    await first.ended
    assert.equal(session?.inFlight, 0)
    session?.channel?.notify('notifications/prompts/list_changed')
    const second = await openSse(test.url, open)
    await second.next()
    assert.equal((await second.next()).json['method'], 'notifications/prompts/list_changed')
    second.close()
    await second.ended
  })

  it('answers 406 to a GET that does not accept events', async () => {
    await using test = await startTestEdge()
    const client = await initializeLegacy(test.url)
    const headers = { ...client.headers, accept: 'application/json' }
    const answer = await send(test.url, { method: 'GET', headers })
    assert.equal(answer.status, 406)
    assert.equal(answer.json.id, 'server-error')
    assert.equal(answer.json.error?.['code'], -32600)
  })
})

describe('cancellation', () => {
  it('cancels a legacy call by notification and answers its POST', async () => {
    await using test = await startTestEdge()
    let running: Call | undefined
    test.gateway.tools.set('endless', (endless) => {
      running = endless
      return new Promise(() => {})
    })
    const client = await initializeLegacy(test.url)
    const answer = client.post(call('endless', 3))
    await until(() => running)
    const again = await client.post(call('echo', 3))
    assert.equal(again.json.error?.['code'], -32600)
    const cancelled = await client.post({
      jsonrpc: '2.0',
      method: 'notifications/cancelled',
      params: { requestId: 3, reason: 'enough' },
    })
    assert.equal(cancelled.status, 202)
    assert.equal(running?.cancellation.reason, 'enough')
    assert.match(JSON.stringify((await answer).json.error), /enough/)
    assert.equal(test.gateway.live.get(client.sessionId)?.inFlight, 0)
  })

  it('cancels a modern call when its client goes away, streaming or not', async () => {
    await using test = await startTestEdge()
    for (const talks of [false, true]) {
      let running: Call | undefined
      test.gateway.tools.set('endless', (endless) => {
        running = endless
        if (talks) endless.notify('notifications/progress', { progress: 1 })
        return new Promise(() => {})
      })
      const meta = { progressToken: 1 }
      const asked = modern('tools/call', { name: 'endless' }, { meta })
      if (talks) (await openSse(test.url, asked)).close()
      else {
        const controller = new AbortController()
        const lost = fetch(test.url, {
          method: 'POST',
          body: JSON.stringify(asked.body),
          headers: { ...asked.headers, 'content-type': 'application/json' },
          signal: controller.signal,
        }).catch(() => 'lost')
        await until(() => running)
        controller.abort()
        assert.equal(await lost, 'lost')
      }
      await until(() => running?.cancellation.cancelled)
      assert.match(running?.cancellation.reason ?? '', /disconnected/)
    }
  })
})

describe('event streams of modern POSTs', () => {
  it('sends log lines only if the request asked for them, from its level on', async () => {
    await using test = await startTestEdge()
    test.gateway.tools.set('logs', (logs) => {
      logs.notify('notifications/message', { level: 'debug', data: 'quiet' })
      logs.notify('notifications/message', { level: 'error', data: 'loud' })
      return done
    })
    const silent = await send(test.url, modern('tools/call', { name: 'logs' }))
    assert.equal(silent.headers['content-type'], 'application/json')
    const meta = { 'io.modelcontextprotocol/logLevel': 'warning' }
    const sse = await openSse(test.url, modern('tools/call', { name: 'logs' }, { meta }))
    const first = await sse.next()
    assert.deepEqual(first.json['params'], { level: 'error', data: 'loud' })
    assert.equal(first.id, undefined)
    assert.equal((await sse.next()).json.result?.['resultType'], 'complete')
    await sse.ended
  })

  it('acknowledges a subscription first, tags its notifications and ends it with a result', async () => {
    await using test = await startTestEdge()
    const filter = { toolsListChanged: true, resourceSubscriptions: ['a://b'] }
    const asked = modern('subscriptions/listen', { notifications: filter }, { id: 12 })
    const sse = await openSse(test.url, asked)
    const tag = { 'io.modelcontextprotocol/subscriptionId': 12 }
    const ack = await sse.next()
    assert.equal(ack.json['method'], 'notifications/subscriptions/acknowledged')
    assert.deepEqual(ack.json['params'], { notifications: filter, _meta: tag })
    test.gateway.listens[0]?.sink('notifications/resources/updated', { uri: 'a://b' })
    assert.deepEqual((await sse.next()).json['params'], { uri: 'a://b', _meta: tag })
    test.gateway.listens[0]?.onEnd()
    const closing = await sse.next()
    assert.equal(closing.json.id, 12)
    assert.equal(closing.json.result?.['resultType'], 'complete')
    await sse.ended
    assert.equal(test.gateway.stopped.length, 1)
  })

  it('stops a subscription when its client goes away, and refuses a bad filter', async () => {
    await using test = await startTestEdge()
    const asked = modern('subscriptions/listen', { notifications: { toolsListChanged: true } })
    const sse = await openSse(test.url, asked)
    await sse.next()
    sse.close()
    await until(() => test.gateway.stopped.length !== 0)
    const bad = modern('subscriptions/listen', { notifications: { toolsListChanged: 'yes' } })
    assert.equal((await send(test.url, bad)).json.error?.['code'], -32602)
    const none = await send(test.url, modern('subscriptions/listen'))
    assert.equal(none.json.error?.['code'], -32602)
  })

  it('bounds the subscriptions of one client, wherever nobody says who it is by its address, and of all', async () => {
    const clientAddress = createClientAddress(['127.0.0.1'])
    const limits = { maxListensPerClient: 1, maxListensTotal: 2 }
    await using test = await startTestEdge({ limits, clientAddress })
    const from = (address: string) => {
      const { headers, ...rest } = modern('subscriptions/listen', { notifications: {} })
      return { ...rest, headers: { ...headers, 'x-forwarded-for': address } }
    }
    const one = await openSse(test.url, from('192.0.2.1'))
    await one.next()
    assert.equal((await send(test.url, from('192.0.2.1'))).status, 503)
    const two = await openSse(test.url, from('192.0.2.2'))
    await two.next()
    assert.equal((await send(test.url, from('192.0.2.3'))).status, 503)
    one.close()
    two.close()
  })

  it('bounds the subscriptions of one user', async () => {
    await using test = await startTestEdge({ limits: { maxListensPerClient: 1 } })
    const asked = modern('subscriptions/listen', { notifications: {} })
    const sse = await openSse(test.url, asked)
    await sse.next()
    assert.equal((await send(test.url, asked)).status, 503)
    const other = await openSse(test.url, {
      ...asked,
      headers: { ...asked.headers, 'x-user': 'ann' },
    })
    await other.next()
    other.close()
    sse.close()
  })
})

describe('a client that does not read its stream', () => {
  it('is cut before it fills the memory', async () => {
    await using test = await startTestEdge({ limits: { maxUnsentBytes: 200_000 } })
    let flooding: Call | undefined
    test.gateway.tools.set('floods', async (floods) => {
      flooding = floods
      const data = 'x'.repeat(50_000)
      for (let i = 0; i < 2_000 && !floods.cancellation.cancelled; i++) {
        floods.notify('notifications/message', { level: 'error', data })
        await sleep(0)
      }
      return done
    })
    const meta = { 'io.modelcontextprotocol/logLevel': 'debug' }
    const { body, headers } = modern('tools/call', { name: 'floods' }, { meta })
    const text = JSON.stringify(body)
    const lines = Object.entries({ ...headers, 'content-type': 'application/json' })
    const socket = connect(Number(new URL(test.origin).port), '127.0.0.1')
    socket.on('error', () => {})
    socket.pause()
    socket.write(
      [
        'POST /mcp HTTP/1.1',
        'Host: localhost',
        `Content-Length: ${Buffer.byteLength(text)}`,
        ...lines.map(([name, value]) => `${name}: ${value}`),
        '',
        text,
      ].join('\r\n'),
    )
    await until(() => flooding?.cancellation.cancelled)
    socket.destroy()
  })

  const big = resultReply({ content: [{ type: 'text', text: 'x'.repeat(12_000_000) }] })
  /** Asks for 12 MB and reads nothing of them. */
  const askAndDoze = (port: number): Socket => {
    const { body, headers } = modern('tools/call', { name: 'big' })
    const text = JSON.stringify(body)
    const lines = Object.entries({ ...headers, 'content-type': 'application/json' })
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => {})
    socket.pause()
    const head = ['POST /mcp HTTP/1.1', 'Host: localhost']
    head.push(`Content-Length: ${Buffer.byteLength(text)}`)
    socket.write(
      [...head, ...lines.map(([name, value]) => `${name}: ${value}`), '', text].join('\r\n'),
    )
    return socket
  }

  it('is cut when it takes nothing of its answer for long', async () => {
    await using test = await startTestEdge({ limits: { unsentStallMs: 300 } })
    test.gateway.tools.set('big', () => big)
    const socket = askAndDoze(Number(new URL(test.origin).port))
    await until(() => test.gateway.calls.length === 1)
    await connectionsUntil(test, 0)
    socket.destroy()
  })

  it('is cut, the oldest first, when too much waits for all of its kind', async () => {
    await using test = await startTestEdge({ limits: { maxUnsentBytesTotal: 20_000_000 } })
    test.gateway.tools.set('big', () => big)
    const port = Number(new URL(test.origin).port)
    const clients = Array.from({ length: 5 }, () => askAndDoze(port))
    await until(() => test.gateway.calls.length === 5)
    await connectionsUntil(test, 2)
    const quick = await send(test.url, modern('tools/call', { name: 'echo' }))
    assert.equal(quick.status, 200)
    for (const socket of clients) socket.destroy()
  })
})

async function connectionsUntil({ server }: TestEdge, atMost: number): Promise<void> {
  for (;;) {
    const count = await new Promise<number>((resolve) => {
      server.getConnections((_, open) => resolve(open))
    })
    if (count <= atMost) return
    await sleep(20)
  }
}
