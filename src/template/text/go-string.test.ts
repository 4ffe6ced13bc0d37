import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { byteLength, fromBytes, rejoin, toBytes, toText } from './go-string.ts'

/** Mostly almost UTF-8. */
const bytesOf = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'binary' }).map((text) => Buffer.from(text)),
      fc.uint8Array({ maxLength: 4 }).map((bytes) => Buffer.from(bytes)),
      fc
        .constantFrom(
          [0xed, 0xa0, 0x80],
          [0xf4, 0x90, 0x80, 0x80],
          [0xc0, 0xaf],
          [0xef, 0xbf, 0xbd],
        )
        .map((b) => Buffer.from(b)),
    ),
  )
  .map((parts) => Buffer.concat(parts))

describe('texts of Go', () => {
  it('are the same bytes again', () => {
    fc.assert(
      fc.property(bytesOf, (bytes) => {
        const text = fromBytes(bytes)
        assert.deepEqual(toBytes(text), bytes)
        assert.equal(byteLength(text), bytes.length)
        // What is not UTF-8 becomes U+FFFD, a byte at a time.
        assert.equal(toText(text).isWellFormed(), true)
      }),
    )
  })

  it('are the letters that are there, wherever they are cut', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.nat(), (text, place) => {
        const bytes = Buffer.from(text)
        assert.equal(fromBytes(bytes), text)
        const at = bytes.length === 0 ? 0 : place % bytes.length
        const [left, right] = [fromBytes(bytes.subarray(0, at)), fromBytes(bytes.subarray(at))]
        assert.equal(rejoin(left + right), text)
      }),
    )
  })

  it('write halves of JavaScript letters as U+FFFD', () => {
    assert.equal(
      toBytes('a\ud83d\udcffb\ud83d').toString('hex'),
      Buffer.from('a\u{1f4ff}b\ufffd').toString('hex'),
    )
    assert.equal(toBytes('\udfff\udcff').toString('hex'), 'efbfbdff')
  })
})
