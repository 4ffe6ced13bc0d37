import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { parseHead, startsWith } from './parse-head.ts'

const PLAIN = ['host: a', 'content-length: 3']

describe('parseHead', () => {
  it('reads the fields of a plain POST', () => {
    const head = parse(['Host: a:1', 'X-Thing:  two words \t', 'Content-Length: 12'])
    assert.deepEqual(head?.headers, { host: 'a:1', 'x-thing': 'two words', 'content-length': '12' })
    assert.equal(head?.bodyBytes, 12)
  })

  it('keeps the bytes of the head to know it again', () => {
    const chunk = bytes(PLAIN, 'abc')
    const head = parseHead(chunk, '/mcp')!
    assert.equal(head.bytes.length, chunk.length - 3)
    assert.ok(startsWith(bytes(PLAIN, 'xyz'), head))
    assert.ok(!startsWith(bytes(['host: b', 'content-length: 3'], 'abc'), head))
    assert.ok(!startsWith(chunk.subarray(0, 10), head))
  })

  it('leaves everything that is not of the plainest kind to the full parser', () => {
    const others: Record<string, Buffer> = {
      'another method': Buffer.from('GET /mcp HTTP/1.1\r\nhost: a\r\n\r\n'),
      'another path': Buffer.from('POST /mcp?a HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n'),
      'an older version': Buffer.from('POST /mcp HTTP/1.0\r\nhost: a\r\ncontent-length: 0\r\n\r\n'),
      'half a head': Buffer.from('POST /mcp HTTP/1.1\r\nhost: a\r\n'),
      'line feeds alone': Buffer.from('POST /mcp HTTP/1.1\nhost: a\ncontent-length: 0\n\n'),
      'no host': bytes(['content-length: 3']),
      'no length': bytes(['host: a']),
      'two lengths': bytes([...PLAIN, 'Content-Length: 3']),
      'a length with a sign': bytes(['host: a', 'content-length: +3']),
      'a length in hex': bytes(['host: a', 'content-length: 0x3']),
      'an empty length': bytes(['host: a', 'content-length:']),
      'a list of lengths': bytes(['host: a', 'content-length: 3, 3']),
      'a length beyond all bounds': bytes(['host: a', 'content-length: 9999999999']),
      chunks: bytes([...PLAIN, 'transfer-encoding: chunked']),
      'an expectation': bytes([...PLAIN, 'expect: 100-continue']),
      'an upgrade': bytes([...PLAIN, 'upgrade: h2c']),
      'the last request': bytes([...PLAIN, 'connection: close']),
      'options of the connection': bytes([...PLAIN, 'connection: keep-alive, x']),
      'a name twice': bytes([...PLAIN, 'mcp-session-id: a', 'Mcp-Session-Id: b']),
      'a folded line': bytes([...PLAIN, 'x: a', ' b']),
      'a blank before the colon': bytes([...PLAIN, 'x : a']),
      'no colon': bytes([...PLAIN, 'x']),
      'no name': bytes([...PLAIN, ': a']),
      'a control character': bytes([...PLAIN, 'x: a\x00b']),
      'a lone carriage return': bytes([...PLAIN, 'x: a\rcontent-length: 4']),
      'a lone line feed': bytes([...PLAIN, 'x: a\ncontent-length: 4']),
      'the name of the prototype': bytes([...PLAIN, '__proto__: a']),
      'a head that is too long': bytes([...PLAIN, `x: ${'a'.repeat(20_000)}`]),
    }
    for (const [what, chunk] of Object.entries(others)) {
      assert.equal(parseHead(chunk, '/mcp'), undefined, what)
    }
  })

  it('never takes a head with bytes a field may not have', () => {
    const byte = fc.integer({ min: 0, max: 255 })
    fc.assert(
      fc.property(fc.array(byte, { maxLength: 60 }), (noise) => {
        const value = Buffer.from(noise).toString('latin1')
        const head = parse([...PLAIN, `x: ${value}`])
        if (head === undefined) return
        assert.ok(!/[\x00-\x08\x0a-\x1f\x7f]/.test(value))
        assert.equal(head.headers['x'], value.replace(/^[ \t]+|[ \t]+$/g, ''))
      }),
    )
  })

  it('takes time in proportion to the head, whatever is in it', () => {
    const startedMs = performance.now()
    const blanks = ' \t'.repeat(7000)
    for (let i = 0; i < 50; i++) parse([...PLAIN, `x:${blanks}a${blanks.slice(8000)}\x01`])
    assert.ok(performance.now() - startedMs < 5000)
  })
})

function parse(fields: readonly string[]) {
  return parseHead(bytes(fields), '/mcp')
}

function bytes(fields: readonly string[], body = ''): Buffer {
  return Buffer.from(`POST /mcp HTTP/1.1\r\n${fields.join('\r\n')}\r\n\r\n${body}`, 'latin1')
}
