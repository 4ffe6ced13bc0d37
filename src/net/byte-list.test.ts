import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { ByteList } from './byte-list.ts'
import { LineSplitter } from './line-splitter.ts'
import { SseParser } from './sse-parser.ts'

describe('ByteList', () => {
  it('gives back what it was given, whatever the pieces', () => {
    const piece = fc.uint8Array({ maxLength: 300 })
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 400 }), (pieces) => {
        const list = new ByteList()
        for (const each of pieces) list.push(Buffer.from(each))
        const whole = Buffer.concat(pieces)
        assert.equal(list.length, whole.length)
        assert.deepEqual(list.take(), whole)
        assert.equal(list.length, 0)
      }),
    )
  })

  it('does not copy a single chunk', () => {
    const list = new ByteList()
    const chunk = Buffer.from('x')
    list.push(chunk)
    assert.equal(list.take(), chunk)
  })

  it('keeps millions of single bytes in little more than that', () => {
    const before = process.memoryUsage().heapUsed
    const list = new ByteList()
    const source = Buffer.alloc(2_000_000, 'x')
    for (let i = 0; i < source.length; i++) list.push(source.subarray(i, i + 1))
    globalThis.gc?.()
    const grown = process.memoryUsage().heapUsed - before
    assert.ok(grown < 60_000_000, `${grown} bytes`)
    assert.equal(list.take().length, source.length)
  })
})

describe('framers', () => {
  it('put a message together from single bytes', () => {
    const lines: string[] = []
    const splitter = new LineSplitter({
      maxBytes: 1e6,
      onLine: (line) => void lines.push(line.toString()),
      onTooLong: () => assert.fail(),
    })
    for (const byte of Buffer.from(`${'a'.repeat(1000)}\n${'b'.repeat(200)}\n`)) {
      splitter.push(Buffer.from([byte]))
    }
    assert.deepEqual(lines, ['a'.repeat(1000), 'b'.repeat(200)])
  })

  it('put an event together from thousands of lines, and bound their number in bytes', () => {
    const events: string[] = []
    let tooLong = 0
    const handler = {
      onEvent: (data: Buffer) => void events.push(data.toString()),
      onTooLong: () => void tooLong++,
    }
    const parser = new SseParser(handler, 1e6)
    for (let i = 0; i < 3000; i++) parser.push(Buffer.from(`data: ${i}\n`))
    parser.push(Buffer.from('\n'))
    assert.deepEqual(events, [Array.from({ length: 3000 }, (_, i) => i).join('\n')])
    parser.push(Buffer.from('data\n'.repeat(1_000_001)))
    assert.equal(tooLong, 1)
  })
})
