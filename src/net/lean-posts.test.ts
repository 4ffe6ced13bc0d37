import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { systemNow } from '../base/clock.ts'
import type { HttpRequest, HttpResponse } from './http-message.ts'
import { serveLeanPosts, type LeanPosts } from './lean-posts.ts'

const PLAIN = 'POST /mcp HTTP/1.1\r\nhost: a\r\n'

describe('serveLeanPosts', () => {
  it('answers plain POSTs itself, several on one connection', async () => {
    await using started = await start()
    const client = await started.open()
    for (const body of ['one', '', 'three']) {
      client.socket.write(post(body))
      const { head, text } = await client.answer()
      assert.match(head, /^HTTP\/1\.1 200 OK\r\n/)
      assert.match(head, /\r\nDate: \w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT\r\n/)
      assert.match(head, /\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5(\r\n|$)/)
      assert.equal(text, `lean ${body}`)
    }
  })

  it('hands everything else to the server, whatever came before on the connection', async () => {
    await using started = await start()
    const client = await started.open()
    client.socket.write(post('a'))
    assert.equal((await client.answer()).text, 'lean a')
    client.socket.write('GET /mcp HTTP/1.1\r\nhost: a\r\n\r\n')
    assert.equal((await client.answer()).text, 'node GET ')
    client.socket.write(post('b'))
    assert.equal((await client.answer()).text, 'node POST b')
    client.socket.write(
      `${PLAIN}transfer-encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n`,
    )
    assert.equal((await client.answer()).text, 'node POST hello')
  })

  it('lets the server refuse what is wrong', async () => {
    await using started = await start()
    const wrong = [
      `${PLAIN}content-length: 3\r\ncontent-length: 4\r\n\r\nabc`,
      `${PLAIN}content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
      'POST /mcp HTTP/1.1\r\ncontent-length: 3\r\n\r\nabc',
      `${PLAIN}x : 1\r\ncontent-length: 3\r\n\r\nabc`,
    ]
    for (const request of wrong) {
      const client = await started.open()
      client.socket.write(request)
      assert.match((await client.answer()).head, /^HTTP\/1\.1 400 /, request)
    }
  })

  it('answers the same wherever the bytes of requests are cut', async () => {
    await using started = await start()
    const stream = Buffer.from(
      post('first') + post('second') + `${PLAIN}x: y\r\ncontent-length: 5\r\n\r\nthird`,
    )
    for (let cut = 1; cut < stream.length; cut++) {
      const client = await started.open()
      client.socket.write(stream.subarray(0, cut))
      await turn()
      client.socket.write(stream.subarray(cut))
      for (const body of ['first', 'second', 'third']) {
        assert.match((await client.answer()).text, new RegExp(`^(lean|node POST) ${body}$`))
      }
      client.socket.destroy()
    }
  })

  it('answers any sequence of requests in order, in any pieces', async () => {
    await using started = await start()
    const request = fc.oneof(
      fc.string({ maxLength: 30 }).map((text) => ({ text, bytes: post(text), by: 'POST' })),
      fc.string({ maxLength: 30 }).map((text) => ({
        text,
        bytes: `POST /other HTTP/1.1\r\nHost: b\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
        by: 'POST',
      })),
      fc.constant({ text: '', bytes: 'GET /mcp HTTP/1.1\r\nHost: b\r\n\r\n', by: 'GET' }),
    )
    const cuts = fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 12 })
    await fc.assert(
      fc.asyncProperty(
        fc.array(request, { minLength: 1, maxLength: 8 }),
        cuts,
        async (all, sizes) => {
          const client = await started.open()
          await writeInPieces(
            client.socket,
            Buffer.from(all.map(({ bytes }) => bytes).join('')),
            sizes,
          )
          for (const { text, by } of all) {
            const answer = (await client.answer()).text
            assert.ok(answer === `lean ${text}` || answer === `node ${by} ${text}`, answer)
          }
          client.socket.destroy()
        },
      ),
      { numRuns: 60 },
    )
  })

  it('reads a body for which nobody asks before later', async () => {
    await using started = await start(async (request, response) => {
      await new Promise((resolve) => setTimeout(resolve, 30))
      echo(request, response)
    })
    const client = await started.open()
    const large = 'x'.repeat(300_000)
    client.socket.write(`${PLAIN}content-length: ${large.length}\r\n\r\n`)
    await turn()
    client.socket.write(large)
    client.socket.write(post('next'))
    assert.equal((await client.answer()).text, `lean ${large}`)
    assert.equal((await client.answer()).text, 'lean next')
  })

  it('drops the rest of a body that nobody reads', async () => {
    await using started = await start((request, response) => {
      request.resume()
      reply(response, 'no')
    })
    const client = await started.open()
    client.socket.write(`${PLAIN}content-length: 10\r\n\r\n12345`)
    assert.equal((await client.answer()).text, 'no')
    client.socket.write(`67890${post('b')}`)
    assert.equal((await client.answer()).text, 'no')
  })

  it('tells of a client that goes in the middle of its body', async () => {
    const events: string[] = []
    await using started = await start((request) => {
      request.on('data', () => events.push('data'))
      request.on('end', () => events.push('end'))
      request.on('close', () => events.push('close'))
    })
    const client = await started.open()
    client.socket.write(`${PLAIN}content-length: 10\r\n\r\n123`)
    await until(() => events.includes('data'))
    client.socket.destroy()
    await until(() => events.includes('close'))
    assert.deepEqual(events, ['data', 'close'])
  })

  it('tells of a client that goes before its answer', async () => {
    let gone = false
    let kept: HttpResponse | undefined
    await using started = await start((_, response) => {
      kept = response
      response.on('close', () => (gone = true))
    })
    const client = await started.open()
    client.socket.write(post('a'))
    await until(() => kept)
    client.socket.destroy()
    await until(() => gone)
    assert.ok(kept?.destroyed)
    reply(kept, 'too late')
  })

  it('tells of the end of an answer, once', async () => {
    let closes = 0
    await using started = await start((_, response) => {
      response.on('close', () => closes++)
      reply(response, 'x')
    })
    const client = await started.open()
    client.socket.write(post('a'))
    await client.answer()
    await until(() => closes > 0)
    client.socket.destroy()
    await turn()
    assert.equal(closes, 1)
  })

  it('sends an answer of unknown length in chunks and goes on', async () => {
    await using started = await start((_, response) => {
      response.writeHead(200, ['Content-Type', 'text/event-stream'])
      response.flushHeaders()
      response.write('one, ')
      setTimeout(() => {
        response.write(Buffer.from('zwölf'))
        response.end()
      }, 5)
    })
    const client = await started.open()
    for (let i = 0; i < 2; i++) {
      client.socket.write(post('a'))
      assert.equal((await client.answer()).text, 'one, zwölf')
    }
  })

  it('sends large answers whole, also to one who reads late', async () => {
    const large = Buffer.alloc(3_000_000, 'y')
    await using started = await start((_, response) => {
      response.writeHead(200, ['Content-Length', String(large.length)])
      response.end(large)
    })
    const client = await started.open()
    client.socket.pause()
    client.socket.write(post('a') + post('b') + post('c'))
    await new Promise((resolve) => setTimeout(resolve, 50))
    client.socket.resume()
    for (let i = 0; i < 3; i++) assert.equal((await client.answer()).text.length, large.length)
  })

  it('closes the connection after an answer that says so', async () => {
    await using started = await start((_, response) => {
      response.setHeader('Connection', 'close')
      reply(response, 'bye')
    })
    const client = await started.open()
    client.socket.write(post('a'))
    const { head, text } = await client.answer()
    assert.match(head, /\r\nConnection: close(\r\n|$)/)
    assert.equal(text, 'bye')
    await client.ended
  })

  it('lets no header end the head', async () => {
    let thrown: unknown
    await using started = await start((_, response) => {
      try {
        response.writeHead(200, ['X', 'a\r\nSet-Cookie: b'])
      } catch (error) {
        thrown = error
        reply(response, 'refused')
      }
    })
    const client = await started.open()
    client.socket.write(post('a'))
    assert.equal((await client.answer()).text, 'refused')
    assert.ok(thrown instanceof TypeError)
  })

  it('ends connections that wait too long, but none that waits for its answer', async () => {
    await using started = await start((_, response) => {
      setTimeout(() => reply(response, 'late'), 400)
    }, 20)
    const silent = await started.open()
    const busy = await started.open()
    busy.socket.write(post('a'))
    await silent.ended
    assert.equal((await busy.answer()).text, 'late')
    await busy.ended
  })

  it('ends connections whose clients do not send the rest of a refused body', async () => {
    await using started = await start((request, response) => {
      request.resume()
      reply(response, 'no')
    }, 20)
    const client = await started.open()
    client.socket.write(`${PLAIN}content-length: 10\r\n\r\n12345`)
    assert.equal((await client.answer()).text, 'no')
    await client.ended
  })

  it('ends idle connections at once when it stops, the others after their answer', async () => {
    let kept: HttpResponse | undefined
    await using started = await start((_, response) => (kept = response))
    const idle = await started.open()
    const busy = await started.open()
    busy.socket.write(post('a'))
    await until(() => kept)
    started.lean.closeIdle()
    await idle.ended
    reply(kept!, 'last')
    assert.match((await busy.answer()).head, /\r\nConnection: close(\r\n|$)/)
    await busy.ended
  })
})

type Serve = (request: HttpRequest, response: HttpResponse) => unknown

interface Started extends AsyncDisposable {
  readonly lean: LeanPosts
  open(): Promise<Client>
}

/** A server that says which way a request came. */
async function start(serve: Serve = echo, timeoutMs = 5000): Promise<Started> {
  const server: Server = createServer(
    { keepAliveTimeout: timeoutMs, headersTimeout: timeoutMs },
    (request, response) => {
      let text = `node ${request.method} `
      request.on('data', (chunk: Buffer) => (text += chunk.toString()))
      request.on('end', () => response.end(text))
    },
  )
  const lean = serveLeanPosts(server, {
    path: '/mcp',
    serve: (request, response) => void serve(request, response),
    now: systemNow,
    sweepMs: Math.min(timeoutMs, 2500) / 2,
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    lean,
    open: () => openClient(port),
    async [Symbol.asyncDispose]() {
      lean.closeAll()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function echo(request: HttpRequest, response: HttpResponse): void {
  if (request.whole) {
    reply(response, `lean ${request.whole.toString()}`)
    return
  }
  let text = 'lean '
  request.on('data', (chunk) => (text += chunk.toString()))
  request.on('end', () => reply(response, text))
}

function reply(response: HttpResponse, text: string): void {
  const body = Buffer.from(text)
  response.writeHead(200, ['Content-Length', String(body.length)])
  response.end(body)
}

function post(body: string): string {
  return `${PLAIN}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
}

interface Client {
  readonly socket: Socket
  readonly ended: Promise<void>
  /** The next answer; rejects if none comes within 5 s. */
  answer(): Promise<{ head: string; text: string }>
}

async function openClient(port: number): Promise<Client> {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  let bytes = Buffer.alloc(0)
  const ended = new Promise<void>((resolve) => socket.on('close', () => resolve()))
  socket.on('error', () => {})
  socket.on('data', (chunk) => (bytes = Buffer.concat([bytes, chunk])))
  return {
    socket,
    ended,
    async answer() {
      let found: { head: string; text: string; end: number } | undefined
      await until(() => (found = readAnswer(bytes)))
      bytes = bytes.subarray(found!.end)
      return found!
    },
  }
}

/** An answer with a length or in chunks. */
function readAnswer(bytes: Buffer): { head: string; text: string; end: number } | undefined {
  const headEnd = bytes.indexOf('\r\n\r\n')
  if (headEnd < 0) return undefined
  const head = bytes.toString('latin1', 0, headEnd)
  const length = /\r\ncontent-length: (\d+)/i.exec(head)
  let at = headEnd + 4
  if (length) {
    const end = at + Number(length[1])
    return bytes.length < end ? undefined : { head, text: bytes.toString('utf8', at, end), end }
  }
  if (!/\r\ntransfer-encoding: chunked/i.test(head)) return { head, text: '', end: bytes.length }
  const parts: Buffer[] = []
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at)
    if (lineEnd < 0) return undefined
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16)
    const end = lineEnd + 2 + size + 2
    if (bytes.length < end) return undefined
    if (size === 0) return { head, text: Buffer.concat(parts).toString(), end }
    parts.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size))
    at = end
  }
}

async function writeInPieces(
  socket: Socket,
  bytes: Buffer,
  sizes: readonly number[],
): Promise<void> {
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length]!
    socket.write(bytes.subarray(at, at + size))
    at += size
    if (i < 20) await turn()
  }
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
