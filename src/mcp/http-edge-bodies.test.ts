import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { describe, it } from 'node:test'
import { resultReply } from './reply.ts'
import { modern, send, startTestEdge, until } from './testing/test-edge.ts'

const done = resultReply({ content: [] })

describe('a body in single bytes', () => {
  it('is refused before it costs more than its bytes', async () => {
    await using test = await startTestEdge()
    const socket = connect(Number(new URL(test.origin).port), '127.0.0.1')
    let answer = ''
    const closed = new Promise<void>((resolve) => {
      socket.on('data', (chunk) => (answer += chunk.toString()))
      socket.on('error', () => {}).on('close', () => resolve())
    })
    const head = ['POST /mcp HTTP/1.1', 'Host: localhost', 'Content-Type: application/json']
    socket.write([...head, 'Transfer-Encoding: chunked', '', ''].join('\r\n'))
    socket.write('1\r\n \r\n'.repeat(20_000))
    await closed
    assert.match(answer, /^HTTP\/1.1 400 .*too small pieces/s)
  })
})

describe('large bodies of many clients', () => {
  it('are refused beyond what all together may take, small ones never', async () => {
    await using test = await startTestEdge({ limits: { maxBodyBytesTotal: 300_000 } })
    let finish = (): void => {}
    const finished = new Promise<void>((resolve) => (finish = resolve))
    test.gateway.tools.set('waits', () => finished.then(() => done))
    const ask = (name: string, size: number) =>
      send(test.url, modern('tools/call', { name, arguments: { text: 'x'.repeat(size) } }))

    const first = ask('waits', 200_000)
    await until(() => test.gateway.calls.length === 1)
    assert.equal((await ask('echo', 200_000)).status, 503)
    assert.equal((await ask('echo', 20_000)).status, 200)
    finish()
    assert.equal((await first).status, 200)
    assert.equal((await ask('echo', 200_000)).status, 200)
  })
})
