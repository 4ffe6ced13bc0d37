import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { CallController, HttpCall } from '../http-call.ts'
import { LeanPool } from './lean-pool.ts'

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'

describe('LeanPool', () => {
  it('uses one connection for calls after one another', async () => {
    await using server = await start((socket) => socket.write(OK))
    for (let i = 0; i < 3; i++) {
      assert.deepEqual(await server.call().answer, { status: 200, body: 'ok' })
      await turn()
    }
    assert.equal(server.sockets.length, 1)
    assert.match(server.requests[0]!, /^POST \/mcp HTTP\/1\.1\r\nhost: 127\.0\.0\.1:\d+\r\n/)
  })

  it('reads answers in all framings, cut anywhere', async () => {
    let answer: { bytes: Buffer; cuts: readonly number[]; ends: boolean }
    await using server = await start((socket) => void writeInPieces(socket, answer))
    const body = fc.string({ maxLength: 200 })
    const framing = fc.constantFrom('length', 'chunked', 'to-end')
    const cuts = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 6 })
    await fc.assert(
      fc.asyncProperty(body, framing, cuts, async (text, how, sizes) => {
        answer = { bytes: Buffer.from(framed(text, how)), cuts: sizes, ends: how === 'to-end' }
        assert.deepEqual(await server.call().answer, { status: 200, body: text })
      }),
      { numRuns: 60 },
    )
  })

  it('passes over interim responses, but not over endless ones', async () => {
    let interim = 2
    await using server = await start((socket) => {
      socket.write('HTTP/1.1 103 Early Hints\r\na: b\r\n\r\n'.repeat(interim) + OK)
    })
    assert.equal((await server.call().answer).body, 'ok')
    interim = 100
    await assert.rejects(server.call().answer, /without end/)
  })

  it('opens as many connections as it may, and lets the others wait in line', async () => {
    const asked: Socket[] = []
    await using server = await start((socket) => asked.push(socket), { maxConnections: 2 })
    const calls = [server.call('1'), server.call('2'), server.call('3'), server.call('4')]
    await until(() => asked.length === 2)
    await turn()
    assert.equal(server.sockets.length, 2)
    for (let i = 0; i < 4; i++) {
      await until(() => asked.length > i)
      asked[i]!.write(OK)
    }
    await Promise.all(calls.map(({ answer }) => answer))
    assert.equal(server.sockets.length, 2)
    assert.deepEqual(server.requests.map((request) => request.at(-1)).sort(), ['1', '2', '3', '4'])
  })

  it('fails a call whose connection ends, and goes on with another', async () => {
    let ends = true
    await using server = await start((socket) => (ends ? socket.destroy() : socket.write(OK)))
    const lost = server.call()
    await assert.rejects(lost.answer)
    assert.ok(lost.sent)
    ends = false
    assert.equal((await server.call().answer).body, 'ok')
  })

  it('fails a call in the middle of its answer', async () => {
    await using server = await start((socket) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf')
      setImmediate(() => socket.end())
    })
    await assert.rejects(server.call().answer, /closed/)
  })

  it('does not use a connection again that the server ends', async () => {
    await using server = await start((socket) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok')
    })
    await server.call().answer
    await server.call().answer
    assert.equal(server.sockets.length, 2)
  })

  it('waits for what a server has to say about its connection before it uses it again', async () => {
    // It promises to keep the connection and ends it.
    await using server = await start((socket) => void socket.end(OK))
    for (let i = 0; i < 5; i++) {
      assert.equal((await server.call().answer).body, 'ok')
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  })

  it('takes nothing for an answer that was not asked for', async () => {
    await using server = await start((socket) => socket.write(OK + OK))
    assert.equal((await server.call().answer).body, 'ok')
    assert.equal((await server.call().answer).body, 'ok')
    assert.equal(server.sockets.length, 2)
  })

  it('fails calls whose answer is not HTTP, or is it in two ways', async () => {
    let bytes = ''
    await using server = await start((socket) => socket.write(bytes))
    for (bytes of [
      'SSH-2.0-x\r\n',
      'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n',
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n',
      'HTTP/1.1 101 Switching Protocols\r\n\r\n',
      `HTTP/1.1 200 OK\r\n${'a: b\r\n'.repeat(5000)}`,
    ]) {
      await assert.rejects(server.call().answer, Error, bytes.slice(0, 60))
    }
  })

  it('gives up a call that is aborted, in line or under way', async () => {
    await using server = await start(() => {}, { maxConnections: 1 })
    const running = server.call()
    await until(() => server.requests.length === 1)
    const inLine = server.call()
    inLine.abort()
    await assert.rejects(inLine.answer, /given up/)
    running.abort()
    await assert.rejects(running.answer, /given up/)
    await until(() => server.sockets[0]!.destroyed)
  })

  it('tells why it cannot connect', async () => {
    const server = await start(() => {})
    await server[Symbol.asyncDispose]()
    const pool = new LeanPool({ origin: server.origin, connectTimeoutMs: 5000, maxConnections: 4 })
    const calls = [call(pool), call(pool), call(pool)]
    for (const each of calls) {
      await assert.rejects(each.answer, /ECONNREFUSED/)
      assert.ok(!each.sent)
    }
    await pool.destroy()
  })

  it('fails a call with a header no request may have, and no other', async () => {
    await using server = await start((socket) => socket.write(OK))
    const wrong = call(server.pool, { ...CALL, headers: ['a', 'b\r\nc: d'] })
    await assert.rejects(wrong.answer, /no header may have/)
    assert.equal((await server.call().answer).body, 'ok')
    assert.equal(server.requests.length, 1)
  })

  it('ends connections that are idle for longer than the server keeps them', async () => {
    await using server = await start((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nkeep-alive: timeout=3\r\ncontent-length: 2\r\n\r\nok')
    })
    await server.call().answer
    await until(() => server.sockets[0]!.destroyed)
  })

  it('fails everything when it is destroyed', async () => {
    await using server = await start(() => {}, { maxConnections: 1 })
    const calls = [server.call(), server.call()]
    await until(() => server.requests.length === 1)
    await server.pool.destroy()
    for (const each of calls) await assert.rejects(each.answer, /closed/)
    await assert.rejects(server.call().answer, /closed/)
  })
})

const CALL: HttpCall = { method: 'POST', path: '/mcp', headers: ['a', 'b'], body: 'x' }

interface Started extends AsyncDisposable {
  readonly pool: LeanPool
  readonly origin: string
  readonly sockets: Socket[]
  /** Whole requests, as they came. */
  readonly requests: string[]
  call(body?: string): Running
}

/** A server that answers each request, which comes in one piece, as `respond` wants. */
async function start(
  respond: (socket: Socket) => unknown,
  options: { maxConnections?: number } = {},
): Promise<Started> {
  const sockets: Socket[] = []
  const requests: string[] = []
  const server = createServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      requests.push(chunk.toString())
      respond(socket)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const { maxConnections = 4 } = options
  const pool = new LeanPool({ origin, connectTimeoutMs: 5000, maxConnections })
  return {
    pool,
    origin,
    sockets,
    requests,
    call: (body = 'x') => call(pool, { ...CALL, body }),
    async [Symbol.asyncDispose]() {
      await pool.destroy()
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

interface Running {
  readonly answer: Promise<{ status: number; body: string }>
  readonly sent: boolean
  abort(): void
}

function call(pool: LeanPool, what: HttpCall = CALL): Running {
  let controller: CallController | undefined
  let sent = false
  const answer = new Promise<{ status: number; body: string }>((resolve, reject) => {
    let status = 0
    const chunks: Buffer[] = []
    pool.dispatch(what, {
      onRequestStart: (given) => (controller = given),
      onRequestSent: () => (sent = true),
      onResponseStart: (_, given) => (status = given),
      onResponseData: (_, chunk) => chunks.push(chunk),
      onResponseEnd: () => resolve({ status, body: Buffer.concat(chunks).toString() }),
      onResponseError: (_, error) => reject(error),
    })
  })
  answer.catch(() => {})
  return {
    answer,
    get sent() {
      return sent
    },
    abort: () => controller!.abort(new Error('given up')),
  }
}

function framed(text: string, how: string): string {
  const bytes = Buffer.byteLength(text)
  if (how === 'length') return `HTTP/1.1 200 OK\r\nContent-Length: ${bytes}\r\n\r\n${text}`
  if (how === 'to-end') return `HTTP/1.1 200 OK\r\n\r\n${text}`
  const chunk = bytes === 0 ? '' : `${bytes.toString(16)}\r\n${text}\r\n`
  return `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}0\r\n\r\n`
}

async function writeInPieces(
  socket: Socket,
  { bytes, cuts, ends }: { bytes: Buffer; cuts: readonly number[]; ends: boolean },
): Promise<void> {
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = i < 30 ? cuts[i % cuts.length]! : bytes.length
    socket.write(bytes.subarray(at, at + size))
    at += size
    await turn()
  }
  if (ends) socket.end()
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

async function until(condition: () => unknown): Promise<void> {
  for (let i = 0; i < 2500; i++) {
    if (condition()) return
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  throw new Error(`It did not happen: ${condition.toString()}`)
}
