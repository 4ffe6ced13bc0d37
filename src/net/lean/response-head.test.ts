import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { readResponseHead } from './response-head.ts'

describe('readResponseHead', () => {
  it('reads status, fields and the length of the body', () => {
    const head = read(
      'HTTP/1.1 200 OK',
      'Content-Type: a/b',
      'CONTENT-LENGTH:  12 ',
      'X: 1',
      'x: 2',
    )
    assert.equal(head?.status, 200)
    assert.deepEqual(
      { ...head.headers },
      { 'content-type': 'a/b', 'content-length': '12', x: ['1', '2'] },
    )
    assert.equal(head.body, 12)
    assert.ok(head.keepsAlive)
  })

  it('waits for the rest of a head', () => {
    for (const part of [
      'H',
      'HTTP/',
      'HTTP/1.1 200',
      'HTTP/1.1 200 OK\r\n',
      'HTTP/1.1 200 OK\r\nA: b\r\n',
    ]) {
      assert.equal(readResponseHead(Buffer.from(part)), undefined, part)
    }
  })

  it('knows how the body ends', () => {
    assert.equal(read('HTTP/1.1 200 OK')?.body, 'to-end')
    assert.equal(read('HTTP/1.1 200 OK', 'Transfer-Encoding: Chunked')?.body, 'chunked')
    assert.equal(read('HTTP/1.1 202 Accepted', 'Content-Length: 0')?.body, 0)
    assert.equal(read('HTTP/1.1 204 No Content')?.body, 0)
    assert.equal(read('HTTP/1.1 304 Not Modified', 'Content-Length: 7')?.body, 0)
    assert.equal(read('HTTP/1.1 100 Continue')?.body, 0)
    assert.equal(read('HTTP/1.1 200')?.status, 200)
  })

  it('knows how long the connection lives', () => {
    assert.equal(read('HTTP/1.1 200 OK', 'Connection: Close')?.keepsAlive, false)
    assert.equal(read('HTTP/1.1 200 OK', 'Connection: upgrade, close')?.keepsAlive, false)
    assert.equal(read('HTTP/1.0 200 OK')?.keepsAlive, false)
    assert.equal(read('HTTP/1.0 200 OK', 'Connection: keep-alive')?.keepsAlive, true)
    assert.equal(read('HTTP/1.1 200 OK', 'Keep-Alive: timeout=5, max=3')?.keepAliveMs, 5000)
    assert.equal(read('HTTP/1.1 200 OK')?.keepAliveMs, undefined)
  })

  it('refuses what could be read in two ways', () => {
    const broken: Record<string, string[]> = {
      'two lengths': ['Content-Length: 1', 'Content-Length: 1'],
      'a list of lengths': ['Content-Length: 1, 1'],
      'a length that is no number': ['Content-Length: 1x'],
      'a negative length': ['Content-Length: -1'],
      'a length and chunks': ['Content-Length: 1', 'Transfer-Encoding: chunked'],
      'another coding': ['Transfer-Encoding: gzip, chunked'],
      'two codings': ['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'],
      'a blank before the colon': ['Content-Length : 1'],
      'a folded line': ['A: b', ' c'],
      'a line feed alone': ['A: b\nContent-Length: 1'],
      'a carriage return alone': ['A: b\rContent-Length: 1'],
      'a zero byte': ['A: \0'],
      'no name': [': b'],
      'no colon': ['Ab'],
    }
    for (const [what, lines] of Object.entries(broken)) {
      assert.throws(() => read('HTTP/1.1 200 OK', ...lines), Error, what)
    }
  })

  it('refuses what is no HTTP/1.1, and heads without end', () => {
    for (const line of [
      'SSH-2.0-OpenSSH',
      'HTTP/2 200',
      'HTTP/1.1 20 OK',
      'HTTP/1.1 2000 OK',
      '{"a":1}',
    ]) {
      assert.throws(() => read(line), /not HTTP/, line)
    }
    assert.throws(() => readResponseHead(Buffer.from('SSH-2.0')), /not HTTP/)
    const endless = Buffer.from(`HTTP/1.1 200 OK\r\n${'A: b\r\n'.repeat(4000)}`)
    assert.throws(() => readResponseHead(endless), /more than 16384 bytes/)
    assert.throws(
      () => read('HTTP/1.1 200 OK', `A: ${'b'.repeat(20_000)}`),
      /more than 16384 bytes/,
    )
  })
})

function read(...lines: string[]) {
  return readResponseHead(Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'))
}
