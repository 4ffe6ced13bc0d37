import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { ChunkedBody } from './chunked-body.ts'

describe('ChunkedBody', () => {
  it('puts chunks together wherever their bytes are cut, and says where they end', () => {
    const chunk = fc.uint8Array({ minLength: 1, maxLength: 40 })
    const cuts = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 })
    const extension = fc.constantFrom('', ';a=b', ' ; x="1"')
    const trailer = fc.constantFrom('', 'A: b\r\n', 'A: b\r\nC: d\r\n')
    fc.assert(
      fc.property(fc.array(chunk), extension, trailer, cuts, (chunks, ext, trail, sizes) => {
        const parts = chunks.map((data) => [
          Buffer.from(`${data.length.toString(16)}${ext}\r\n`),
          data,
          Buffer.from('\r\n'),
        ])
        const encoded = Buffer.concat([...parts.flat(), Buffer.from(`0\r\n${trail}\r\n`)])
        const stream = Buffer.concat([encoded, Buffer.from('next')])
        const { body, end } = decode(stream, sizes)
        assert.deepEqual(body, Buffer.concat(chunks))
        assert.equal(end, encoded.length)
      }),
    )
  })

  it('refuses broken chunks', () => {
    for (const wrong of [
      'x\r\n',
      '\r\n',
      '-1\r\n',
      '1\nA',
      '1\r\nAB\r\n',
      '1\r\nA\n',
      '0x1\r\n',
      '1 1\r\n',
    ]) {
      assert.throws(
        () => decode(Buffer.from(`${wrong}\r\n\r\n`), [1]),
        /broken/,
        JSON.stringify(wrong),
      )
    }
  })

  it('bounds what comes between chunks', () => {
    assert.throws(() => decode(Buffer.from(`1;${'a'.repeat(5000)}`), [100]), /too long/)
    const trailers = `0\r\n${'A: b\r\n'.repeat(4000)}`
    assert.throws(() => decode(Buffer.from(trailers), [1000]), /trailers are too long/)
  })
})

/** Feeds pieces of the given sizes, in turn. */
function decode(
  stream: Buffer,
  sizes: readonly number[],
): { body: Buffer; end: number | undefined } {
  const parts: Buffer[] = []
  const chunked = new ChunkedBody((chunk) => parts.push(Buffer.from(chunk)))
  for (let at = 0, i = 0; at < stream.length; i++) {
    const size = sizes[i % sizes.length]!
    const end = chunked.push(stream.subarray(at, at + size))
    if (end !== undefined) return { body: Buffer.concat(parts), end: at + end }
    at += size
  }
  return { body: Buffer.concat(parts), end: undefined }
}
