import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { LineSplitter } from './line-splitter.ts'

describe('LineSplitter', () => {
  it('gives the same lines however the stream is cut', () => {
    const line = fc.stringMatching(/^[^\r\n]*$/)
    fc.assert(
      fc.property(fc.array(line), fc.array(fc.nat(30)), fc.boolean(), (lines, cuts, crlf) => {
        const text = lines.map((each) => each + (crlf ? '\r\n' : '\n')).join('')
        assert.deepEqual(split(Buffer.from(text), cuts).lines, lines)
      }),
    )
  })

  it('takes a last line without line end', () => {
    assert.deepEqual(split(Buffer.from('a\nb'), [1]).lines, ['a', 'b'])
  })

  it('does not copy a line that came in one chunk', () => {
    const chunk = Buffer.from('one\ntwo\n')
    const seen: Buffer[] = []
    new LineSplitter({ maxBytes: 100, onLine: (each) => seen.push(each), onTooLong: fail }).push(
      chunk,
    )
    assert.equal(seen[1]!.buffer, chunk.buffer)
  })

  it('gives up once a line exceeds the limit, also if its end never comes', () => {
    for (const cuts of [[], [3], [1, 1, 1, 1, 1, 1, 1]]) {
      const { lines, tooLong } = split(Buffer.from('ab\n12345678901\nlater\n'), cuts, 10)
      assert.deepEqual(lines, ['ab'])
      assert.equal(tooLong.length, 1)
      assert.ok(tooLong[0]! > 10)
    }
    assert.equal(split(Buffer.from('12345678901'), [5], 10).tooLong.length, 1)
  })

  it('takes a line of exactly the limit', () => {
    assert.deepEqual(split(Buffer.from('1234567890\n'), [4], 10).lines, ['1234567890'])
  })
})

function split(bytes: Buffer, cuts: number[], maxBytes = 1_000_000) {
  const lines: string[] = []
  const tooLong: number[] = []
  const splitter = new LineSplitter({
    maxBytes,
    onLine: (line) => lines.push(line.toString('utf8')),
    onTooLong: (lengthBytes) => tooLong.push(lengthBytes),
  })
  for (const chunk of cut(bytes, cuts)) splitter.push(chunk)
  splitter.end()
  return { lines, tooLong }
}

function* cut(bytes: Buffer, cuts: number[]): Iterable<Buffer> {
  let at = 0
  for (const length of cuts) yield bytes.subarray(at, (at += length))
  yield bytes.subarray(at)
}

function fail(): void {
  assert.fail('a line was too long')
}
