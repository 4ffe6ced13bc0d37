import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { parseDuration, toDurationText } from './duration.ts'

const ms = (text: string) => {
  const read = parseDuration(text)
  return read.ok ? read.ms : read.reason
}

describe('parseDuration', () => {
  it('reads what Go reads', () => {
    const table: [string, number][] = [
      ['0', 0],
      ['30s', 30_000],
      ['1h30m', 5_400_000],
      ['1.5s', 1500],
      ['.5m', 30_000],
      ['2.s', 2000],
      ['250ms', 250],
      ['1us', 0.001],
      ['1µs', 0.001],
      ['1μs', 0.001],
      ['1ns', 0.000001],
      ['-2m', -120_000],
      ['+2m', 120_000],
      ['1m0s', 60_000],
      ['1s1s', 2000],
    ]
    for (const [text, wanted] of table) assert.equal(ms(text), wanted, text)
  })

  it('says why a text is no duration', () => {
    const table: [string, string][] = [
      ['', 'is empty'],
      ['-', 'is empty'],
      ['10', 'has no unit'],
      ['1.5', 'has no unit'],
      ['5d', 'has the unknown unit "d"'],
      ['1h 30m', 'is not a duration'],
      ['s', 'is not a duration'],
      ['3000000h', 'is too long'],
      ['1h30', 'is not a duration'],
    ]
    for (const [text, reason] of table) assert.equal(ms(text), reason, text)
  })

  it('never throws', () => {
    fc.assert(fc.property(fc.string(), (text) => void parseDuration(text)))
  })

  it('reads back what toDurationText writes', () => {
    assert.equal(toDurationText(5_400_000), '1h30m0s')
    assert.equal(toDurationText(1500), '1.5s')
    assert.equal(toDurationText(0), '0s')
    fc.assert(
      fc.property(fc.integer({ min: -1e12, max: 1e12 }), (wanted) => {
        assert.equal(ms(toDurationText(wanted)), wanted)
      }),
    )
  })
})
