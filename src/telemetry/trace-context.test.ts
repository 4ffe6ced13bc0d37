import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { formatTraceparent, parseTraceparent } from './trace-context.ts'

const ID = '0af7651916cd43dd8448eb211c80319c'
const SPAN = 'b7ad6b7169203331'

describe('trace context', () => {
  it('reads a traceparent of version 00', () => {
    assert.deepEqual(parseTraceparent(`00-${ID}-${SPAN}-01`, 'a=1'), {
      traceId: ID,
      spanId: SPAN,
      flags: 1,
      state: 'a=1',
    })
  })

  it('reads what it knows of a later version', () => {
    assert.equal(parseTraceparent(`cc-${ID}-${SPAN}-01-what-the-future-will-be`)?.traceId, ID)
  })

  it('refuses what the standard refuses', () => {
    for (const text of [
      `ff-${ID}-${SPAN}-01`,
      `00-${ID}-${SPAN}-01-more`,
      `00-${ID.toUpperCase()}-${SPAN}-01`,
      `00-${'0'.repeat(32)}-${SPAN}-01`,
      `00-${ID}-${'0'.repeat(16)}-01`,
      `00-${ID}-${SPAN}`,
      ` 00-${ID}-${SPAN}-01`,
      '',
      7,
      undefined,
      [`00-${ID}-${SPAN}-01`],
    ]) {
      assert.equal(parseTraceparent(text), undefined, String(text))
    }
  })

  it('reads what it writes', () => {
    const hex = (length: number) =>
      fc
        .array(fc.constantFrom(...'0123456789abcdef'.split('')), {
          minLength: length,
          maxLength: length,
        })
        .map((digits) => digits.join(''))
        .filter((text) => !/^0+$/.test(text))
    fc.assert(
      fc.property(hex(32), hex(16), fc.nat(255), (traceId, spanId, flags) => {
        const context = { traceId, spanId, flags }
        assert.deepEqual(parseTraceparent(formatTraceparent(context)), context)
      }),
    )
  })

  it('bears any text', () => {
    fc.assert(fc.property(fc.string(), (text) => assert.equal(parseTraceparent(text), undefined)))
  })
})
