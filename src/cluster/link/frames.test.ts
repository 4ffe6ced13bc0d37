import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { jsonFrame, readFrames, toFrame } from './frames.ts'

async function* cut(bytes: Buffer, sizes: number[]): AsyncGenerator<Buffer> {
  let at = 0
  for (const size of sizes) {
    yield bytes.subarray(at, at + size)
    at += size
  }
  yield bytes.subarray(at)
}

describe('readFrames()', () => {
  it('reads what was framed, however the stream is cut', async () => {
    const frame = fc.tuple(fc.constantFrom('n', 'q', 'r'), fc.uint8Array({ maxLength: 300 }))
    const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 50 })
    await fc.assert(
      fc.asyncProperty(fc.array(frame, { maxLength: 8 }), sizes, async (frames, cuts) => {
        const bytes = Buffer.concat(frames.map(([type, body]) => toFrame(type, Buffer.from(body))))
        const read: [string, string][] = []
        for await (const { type, body } of readFrames(cut(bytes, cuts), 1000)) {
          read.push([type, body.toString('hex')])
        }
        const wanted = frames.map(([type, body]) => [type, Buffer.from(body).toString('hex')])
        assert.deepEqual(read, wanted)
      }),
      { numRuns: 200 },
    )
  })

  it('gives up a frame that is too large', async () => {
    const frames = readFrames(cut(jsonFrame('v', 'x'.repeat(2000)), []), 1000)
    await assert.rejects(() => frames.next(), RangeError)
  })
})
